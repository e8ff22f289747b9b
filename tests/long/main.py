"""Run the long checks: official SDKs, generated requests, killed processes. Prints figures; exit 0 or 1."""

from __future__ import annotations

import argparse
import signal
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent)]

import binder  # noqa: E402
import generated  # noqa: E402
import kernels  # noqa: E402
import kills  # noqa: E402
import sdks  # noqa: E402
import studies  # noqa: E402
import worker_kills  # noqa: E402

CI_SDKS = ("24.11.0", "23.6.0.2")
CI_SECTIONS = ("sdks", "generated", "kills", "worker-kills")


def main() -> int:
    """Run the chosen sections in order; return the exit code."""
    options = _options()
    # Ended from outside, the servers and clients that were started are ended too.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    outcomes: dict[str, bool] = {}
    for section in options.sections:
        print(f"\n== {section}", flush=True)
        started = time.monotonic()
        outcomes[section] = _run(section, options)
        print(
            f"== {section}: {'holds' if outcomes[section] else 'FAILED'}, {time.monotonic() - started:.0f} s"
        )
    passed = sum(outcomes.values())
    print(f"\n{passed} passed, {len(outcomes) - passed} failed")
    return 0 if all(outcomes.values()) else 1


def _run(section: str, options: argparse.Namespace) -> bool:
    if section == "sdks":
        return sdks.run(options.sdk)
    if section == "binder":
        return binder.run()
    if section == "ipykernel6":
        return kernels.run()
    if section == "generated":
        return generated.run(options.requests, options.seed)
    if section == "kills":
        return kills.run(options.kills, options.seed)
    if section == "study-kills":
        return studies.run_kills(options.kills, options.seed)
    if section == "dask":
        return studies.run_dask(options.seed)
    if section == "coverage":
        return studies.run_coverage(2000, options.seed)
    return worker_kills.run(options.kills, options.seed)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/long/run", description=__doc__)
    parser.add_argument("sections", nargs="*", metavar="SECTION", help="; ".join(SECTIONS.values()))
    parser.add_argument(
        "--ci", action="store_true", help="the short selection: SDKs, 500 requests, 10 kills, no studies"
    )
    parser.add_argument("--sdk", action="append", choices=sdks.VERSIONS, help="versions; default all")
    parser.add_argument("--requests", type=int, help="how many generated requests (default 6000)")
    parser.add_argument("--kills", type=int, help="how many kills (default 50)")
    parser.add_argument("--seed", type=int, default=1, help="of the random choices")
    options = parser.parse_args()
    options.sections = options.sections or [*(CI_SECTIONS if options.ci else SECTIONS)]
    for section in options.sections:
        if section not in SECTIONS:
            parser.error(f"there is no section {section!r}: choose from {', '.join(SECTIONS)}")
    options.sdk = options.sdk or (CI_SDKS if options.ci else sdks.VERSIONS)
    options.requests = options.requests or (500 if options.ci else 6000)
    options.kills = options.kills or (10 if options.ci else 50)
    return options


SECTIONS = {
    "ipykernel6": "ipykernel6: every notebook on the older kernel, in an environment of its own",
    "binder": "binder: what binder/ says, installed, opened in a browser and measured",
    "sdks": "sdks: official SDKs against the server",
    "generated": "generated: requests made from the OpenAPI document",
    "kills": "kills: the client is killed, then resumes",
    "worker-kills": "worker-kills: server processes are killed under load",
    "study-kills": "study-kills: a study's process is killed, then goes on",
    "dask": "dask: a study on a cluster of two processes, one of which is killed",
    "coverage": "coverage: how often the interval holds a known difference",
}

if __name__ == "__main__":
    sys.exit(main())
