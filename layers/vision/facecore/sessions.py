"""onnxruntime sessions, made once and only when needed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from threading import Lock
from time import perf_counter
from typing import Any

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from .errors import ModelError
from .registry import ModelEntry, Registry

Array = NDArray[np.float32]


def batched(pictures: Sequence[NDArray[Any]]) -> NDArray[Any]:
    """Pictures of one shape as a model takes them, (n, height, width, 3); one by itself is not copied."""
    return pictures[0][None] if len(pictures) == 1 else np.stack(pictures)


class Model:
    """A loaded model: uint8 or float32 arrays in, float32 arrays by output name out."""

    def __init__(self, entry: ModelEntry, threads: int) -> None:
        """Reads, checks and loads the file.

        Raises:
            ModelError: It is missing, altered or not a model with the registered inputs and outputs.
        """
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        content = entry.read()
        try:
            self._session = ort.InferenceSession(content, options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime raises plain and private types
            raise ModelError(f"model {entry.name}: {entry.path} does not load") from error
        self.facts = entry.facts
        self._name = entry.name
        self._inputs = {value.name for value in self._session.get_inputs()}
        self._outputs = [value.name for value in self._session.get_outputs()]
        try:
            wanted_in, wanted_out = set(entry.facts["inputs"]), set(entry.facts["outputs"])
        except (KeyError, TypeError) as error:
            raise ModelError(f"model {entry.name}: its registry entry does not name inputs and outputs") from error
        if wanted_in != self._inputs or not wanted_out <= set(self._outputs):
            raise ModelError(f"model {entry.name}: {entry.path} has other inputs or outputs than registered")

    def __call__(self, **inputs: NDArray[Any]) -> Mapping[str, Array]:
        """Runs the model.

        Raises:
            ModelError: The runtime refused the input or failed.
        """
        try:
            values = self._session.run(None, inputs)
        except Exception as error:
            raise ModelError(
                f"model {self._name} failed on inputs of shapes {[v.shape for v in inputs.values()]}"
            ) from error
        return dict(zip(self._outputs, values, strict=True))


class Models:
    """The models of a registry, loaded on first use; safe to share between threads."""

    def __init__(self, registry: Registry, threads: int, observe: Callable[[str, float], None] | None = None) -> None:
        """Loads nothing yet; ``observe`` is told ``load.NAME`` and the seconds that a load took."""
        self.registry = registry
        self._threads = threads
        self._observe = observe
        self._loaded: dict[str, Model] = {}
        self._lock = Lock()
        self._loading: dict[str, Lock] = {}

    def __getitem__(self, name: str) -> Model:
        """The loaded model ``name``.

        Raises:
            ModelError: See Model and Registry.
        """
        if (model := self._loaded.get(name)) is not None:
            return model
        with self._lock:
            loading = self._loading.setdefault(name, Lock())
        with loading:
            if name not in self._loaded:
                started = perf_counter()
                self._loaded[name] = Model(self.registry[name], self._threads)
                if self._observe is not None:
                    self._observe(f"load.{name}", perf_counter() - started)
            return self._loaded[name]

    @property
    def loaded(self) -> tuple[str, ...]:
        """Names of the models loaded so far."""
        return tuple(sorted(self._loaded))
