"""Jobs inside a real notebook kernel, whose main thread runs an event loop of its own."""

import nbclient
import nbformat
import pytest

from needs import needs

PREPARE = """
import asyncio, os, signal, sys, threading, time
sys.path.insert(0, {tests!r})
from doubles import ReadsInk, NeverFinishes
from ink_pages import PAGE, make
from ocr_nb import gather, recognize, use
service = use(make())
"""
CELLS = {
    "progress flows while a cell blocks": """
seen = []
job = recognize(PAGE, on_progress=lambda job: seen.append(job.status.value))
time.sleep(1.5)
print(job.done(), seen)
""",
    "a job can be awaited in a cell": """
print((await recognize(PAGE)).lines[0].text)
print([len(found.lines) for found in await gather([recognize(PAGE), recognize(PAGE)])])
""",
    "a cell can wait for a result": """
print(recognize(PAGE).result().lines[1].text)
""",
    "interrupting a waiting cell takes the task back": """
endless = NeverFinishes()
job = recognize(PAGE, service=endless)
while not endless.submitted:
    time.sleep(0.01)
threading.Timer(0.3, os.kill, (os.getpid(), signal.SIGINT)).start()
try:
    job.result()
except KeyboardInterrupt:
    print("interrupted")
while not job.done():
    time.sleep(0.01)
print(job.status.value, len(endless.cancelled))
""",
    "another thread with its own loop can await the same job": """
job = recognize(PAGE)
found = []
async def wait():
    found.append((await job).lines[0].text)
thread = threading.Thread(target=lambda: asyncio.run(wait()))
thread.start()
thread.join()
print(found, (await job).lines[0].text)
""",
}
PRINTED = [
    "True ['processing', 'completed']\n",
    "w12h9 w20h9\n[2, 2]\n",
    "w8h9 w30h9\n",
    "interrupted\ncancelled 1\n",
    "['w12h9 w20h9'] w12h9 w20h9\n",
]


@pytest.fixture(scope="module")
def printed(request):
    """Run all cells in one kernel; return what each printed."""
    needs("module:ipykernel")
    sources = [PREPARE.format(tests=str(request.path.parent)), *CELLS.values()]
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbclient.NotebookClient(book, timeout=60, kernel_name="python3").execute()
    return ["".join(output.get("text", "") for output in cell.outputs) for cell in book.cells[1:]]


@pytest.mark.parametrize("place", range(len(CELLS)), ids=[claim.replace(" ", "_") for claim in CELLS])
def test_in_a_kernel(printed, place):
    """Each cell printed what it should."""
    assert printed[place] == PRINTED[place]
