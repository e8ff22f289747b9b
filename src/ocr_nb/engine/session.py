"""Weights on disk become a `Model`: arrays in, arrays out.

The only room that knows onnxruntime. Files are checked, never fetched; one model may be run by several
threads at once. Knows nothing of text or images.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from ..errors import ModelMismatch, WeightsCorrupt, WeightsMissing
from ..settings import available_cpus

Batch = npt.NDArray[np.float32]

_SILENT = 4
"""onnxruntime's severity "fatal": its warnings about graph clean-up tell a user nothing."""


class Model(Protocol):
    """Something that computes one array from another; tests pass their own."""

    @property
    def metadata(self) -> Mapping[str, str]:
        """What the file says about itself, for example its alphabet."""
        ...

    def __call__(self, batch: Batch) -> Batch:
        """Compute the first output for `batch`, whose axes the model defines."""
        ...


class OnnxModel:
    """A `Model` computed by onnxruntime on the processor."""

    def __init__(self, session: Any, name: str) -> None:
        self._session = session
        self._name = name
        self._input = session.get_inputs()[0].name
        self.metadata: Mapping[str, str] = dict(session.get_modelmeta().custom_metadata_map)

    def __call__(self, batch: Batch) -> Batch:
        """Compute the first output; raise `ModelMismatch` when the weights cannot take this shape."""
        try:
            outputs = self._session.run(None, {self._input: batch})
        except Exception as error:
            raise ModelMismatch(
                f"{self._name} cannot take an array of shape {batch.shape}: {_first_line(error)}"
            ) from error
        result: Batch = outputs[0]
        return result


def load_model(
    path: Path, *, sha256: str | None = None, threads: int | None = None, keep_memory: bool = False
) -> OnnxModel:
    """Load the ONNX file at `path`.

    Args:
        path: the file; it is read, never fetched.
        sha256: the hash it must have, hexadecimal; None skips the check.
        threads: processors to use; by default all that this process may really use.
        keep_memory: whether memory is kept from call to call, as much as the largest batch so far took.
            Right for batches of one size: clearing fresh memory costs as much as a layer.

    Raises:
        WeightsMissing: there is no such file.
        WeightsCorrupt: the hash differs, or onnxruntime cannot read the file.
    """
    if not path.is_file():
        raise WeightsMissing(f"The weights {path.name} are not in {path.parent}: install the package again.")
    if sha256 is not None:
        actual = hashlib.sha256(path.read_bytes()).hexdigest()
        if actual != sha256:
            raise WeightsCorrupt(
                f"The weights {path.name} have SHA-256 {actual}, not {sha256}: install the package again."
            )
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = _SILENT
    options.intra_op_num_threads = threads or available_cpus()
    options.inter_op_num_threads = 1
    # Threads that wait by spinning burn the processor time of everybody else on a shared machine.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    # Without the arena, memory goes back after every call: pages of many sizes would otherwise leave
    # the process at the sum of its peaks.
    options.enable_cpu_mem_arena = keep_memory
    try:
        session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:
        raise WeightsCorrupt(
            f"The weights {path.name} cannot be read ({_first_line(error)}): install the package again."
        ) from error
    return OnnxModel(session, path.name)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__
