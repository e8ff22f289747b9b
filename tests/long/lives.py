"""A client's lives: `first` asks and is killed, `second` resumes, asks again, and again with permission.

Arguments: which life, the server's address, then images. Prints one JSON line a step and, in the second
life, waits for a line on standard input before the next step.
"""

import json
import sys

from ocr_nb import gather, recognize, resume, upsample, use
from ocr_nb.errors import OcrNbError, OutcomeUnknown
from ocr_nb.images import Picture, load_picture

PATIENCE_S = 60


def ask(images):
    """Ask for every image: the last is recognized, the others enlarged; as a user's script would."""
    jobs = [upsample(image) for image in images[:-1]]
    jobs.append(recognize(images[-1], upsampling=True))
    return jobs


def tell(step, **figures):
    """Print a step and its figures."""
    print(json.dumps({"step": step, **figures}), flush=True)


def describe(value):
    """Return what came of a request: the size of a picture, `read`, `unknown`, or the error."""
    if isinstance(value, OutcomeUnknown):
        return "unknown"
    if isinstance(value, OcrNbError):
        return f"{type(value).__name__}: {value}"
    return [value.width, value.height] if isinstance(value, Picture) else "read"


def first_life(images):
    """Ask and wait; the killer may come at any moment after `ready`."""
    [load_picture(image) for image in images]
    tell("ready")
    gather(ask(images)).result(PATIENCE_S)
    tell("done")


def second_life(images):
    """Resume; make the same requests again; then with the permission to send what is unknown."""
    resumed = resume()
    results = gather([*resumed], return_errors=True).result(PATIENCE_S)
    outcomes = [[job.task_id, describe(result)] for job, result in zip(resumed, results, strict=True)]
    tell("resumed", tasks=outcomes, unknown=sorted(entry.image_hash for entry in resumed.unknown))
    sys.stdin.readline()
    again = gather(ask(images), return_errors=True).result(PATIENCE_S)
    tell("again", outcomes=[describe(value) for value in again])
    sys.stdin.readline()
    resume(resend_unknown=True)
    last = gather(ask(images), return_errors=True).result(PATIENCE_S)
    tell("released", outcomes=[describe(value) for value in last])


if __name__ == "__main__":
    use(sys.argv[2])
    {"first": first_life, "second": second_life}[sys.argv[1]](sys.argv[3:])
