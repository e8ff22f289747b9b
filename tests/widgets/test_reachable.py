"""A widget in a real kernel: a view's message is answered while a cell runs, whoever spoke last."""

from __future__ import annotations

from jupyter_client.manager import start_new_kernel

SHOW = """
import threading, time
import ocr_nb
from ocr_nb.jobs import compute

session = get_ipython().kernel.session
send = session.send

def send_and_dawdle(*arguments, **options):
    sent = send(*arguments, **options)
    if threading.current_thread().name == "ocr_nb-io":
        time.sleep(0.3)  # the view answers before this thread goes on, as it may on a busy machine
    return sent

session.send = send_and_dawdle
monitor = ocr_nb.JobMonitor()
never = threading.Event()
job = monitor.watch(compute(lambda: never.wait(300), label="waits"))
print(monitor.model_id)
"""
BLOCK = """
end = time.monotonic() + 60
while not job.is_cancelled and time.monotonic() < end:
    job.advance(1, 2)
    time.sleep(0.05)
heard = job.is_cancelled
never.set()
"""


def run(client, code):
    """Run a cell to its end and return what it printed."""
    said = []
    client.execute_interactive(
        code, timeout=120, output_hook=lambda message: said.append(message["content"].get("text", ""))
    )
    return "".join(said).strip()


def create_subshell(client):
    """Ask the kernel for a subshell, as JupyterLab does for its widgets."""
    request = client.session.msg("create_subshell_request")
    client.control_channel.send(request)
    while True:
        reply = client.control_channel.get_msg(timeout=60)
        if reply["parent_header"].get("msg_id") == request["header"]["msg_id"]:
            return reply["content"]["subshell_id"]


def test_a_click_is_heard_while_a_cell_blocks():
    """The background thread has just spoken, which counts as the main shell's word; the click still comes."""
    manager, client = start_new_kernel(startup_timeout=120)
    try:
        widget = run(client, SHOW)
        subshell = create_subshell(client)
        blocking = client.execute(BLOCK)
        wait_for_word(client)
        click = client.session.msg(
            "comm_msg",
            {"comm_id": widget, "data": {"method": "custom", "content": {"kind": "cancel", "id": 0}}},
        )
        click["header"]["subshell_id"] = subshell
        client.shell_channel.send(click)
        wait_for_end(client, blocking)
        assert "True" == run(client, "print(heard)")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def wait_for_word(client):
    """Wait until the monitor has told that the job moved."""
    while True:
        content = client.get_iopub_msg(timeout=120)["content"]
        told = content.get("data", {}).get("content", {}) if "comm_id" in content else {}
        if any(row["progress"] == [1, 2] for row in told.get("rows", [])):
            return


def wait_for_end(client, cell):
    """Wait until the cell has ended."""
    while True:
        message = client.get_iopub_msg(timeout=120)
        if message["parent_header"].get("msg_id") == cell and (
            message["content"].get("execution_state") == "idle"
        ):
            return
