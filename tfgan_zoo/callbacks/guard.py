"""A watch over training that takes it back when it diverges."""

import collections
import json
import math
import statistics
import warnings
from typing import NamedTuple

import keras
import numpy as np

from tfgan_zoo.callbacks.steps import StepCallback, base_optimizers, not_finite, state_of

_WINDOW = 100  # steps of which the median of a loss is taken


class Divergence(NamedTuple):
    """One time that training diverged: the step, what was seen, and the rates `{"g", "d"}` then."""

    step: int
    fault: str
    rates: dict


class DivergenceError(RuntimeError):
    """Training diverged again after all tries. The model holds finite weights of an earlier step.

    Attributes:
        divergences: List of `Divergence`, the last one being that on which the guard gave up.
    """

    def __init__(self, divergences: int, factor: float, good_step: int):
        self.divergences = divergences
        last = divergences[-1]
        lines = [
            f"Training diverged at step {last.step}: {last.fault}. "
            f"{len(divergences) - 1} tries with learning rates lowered by {factor:g} each time did "
            "not help:",
            *(f"  {_sentence(divergence)}" for divergence in divergences),
            f"The model holds the weights of step {good_step}. Try rates below these, a gradient "
            "penalty, or look at the data.",
        ]
        super().__init__("\n".join(lines))


class DivergenceGuard(StepCallback):
    """Goes back to good weights and lowers both learning rates when training diverges.

    Training has diverged when, after a step, a logged value is NaN or infinite, or
    `|d_loss|` or `|g_loss|` exceeds `limit * max(1, median of it over the last 100 steps)`, or, looked
    at every `check_every` steps, a weight or slot is NaN or infinite.

    Every `check_every` steps a copy of the whole state, found finite, is put aside in memory. A copy
    is trusted once as many steps more went well, since weights can be lost before a loss shows it: the
    guard goes back to the older of two copies. The step counter does not go back, so the next tries
    see other images and draws, and the order of the data stays what it would have been.

    The count of tries begins anew with every `fit`, but for one that `BackupAndRestore` continues: the
    checkpoint holds the copies, the losses and the tries too, so that a run ends as if it had not been
    cut. Put the guard before `BackupAndRestore` in the list of callbacks, so that no diverged step is
    saved.

    Args:
        factor: Float in (0, 1). What both learning rates are multiplied with.
        tries: Int. How often; the next time raises.
        limit: Float above 1. See above.
        check_every: Int. Steps between two copies.

    Raises:
        DivergenceError: Training diverged more than `tries` times; the message is the report.
        ValueError: An argument outside its range, an optimizer with a schedule, whose rate cannot be
            lowered, or a model that is not finite to begin with.
    """

    def __init__(
        self, factor: float = 0.5, tries: int = 3, limit: float = 1e4, check_every: int = 100
    ):
        super().__init__(1)
        if not (0 < factor < 1 and tries >= 0 and limit > 1 and check_every >= 1):
            raise ValueError(
                "factor must be in (0, 1), tries 0 or more, limit above 1, check_every 1 or more. "
                f"Received: factor={factor}, tries={tries}, limit={limit}, "
                f"check_every={check_every}."
            )
        self.factor, self.tries, self.limit, self.check_every = factor, tries, limit, check_every
        self._restored = None

    def on_train_begin(self, logs=None):
        super().on_train_begin(logs)
        for name, optimizer in base_optimizers(self.model).items():
            if hasattr(optimizer, "optimizers"):
                raise ValueError(
                    f"DivergenceGuard cannot lower the rates of {name}_optimizer, a MultiOptimizer. "
                    "Give it one with one rate, or leave the guard out."
                )
            if not isinstance(optimizer._learning_rate, keras.Variable):
                raise ValueError(
                    f"DivergenceGuard cannot lower the rate of {name}_optimizer, which follows a "
                    "schedule. Give it a number, or leave the guard out."
                )
        if bad := not_finite(self.model):
            raise ValueError(f"The model holds NaN or infinity already, in {', '.join(bad[:3])}.")
        self.divergences = []
        self._losses = collections.defaultdict(lambda: collections.deque(maxlen=_WINDOW))
        self._copies, self._checked = collections.deque([self._copy()], maxlen=2), self.step
        if self._restored is not None:
            self._go_on(self._restored)
            self._restored = None

    def on_step(self, step, logs):
        is_check = step - self._checked >= self.check_every
        fault = self._fault_in(logs) or (self._fault_in_weights() if is_check else None)
        if fault:
            self._go_back(step, fault)
        elif is_check:
            self._copies.append(self._copy())
            self._checked = step

    def _fault_in(self, logs):
        for name, value in logs.items():
            if not math.isfinite(value):
                return f"{name} = {value}"
        for name in ("d_loss", "g_loss"):
            past, value = self._losses[name], abs(logs.get(name, 0.0))
            usual = max(1.0, statistics.median(past or [0.0]))
            if value > self.limit * usual:
                return f"|{name}| = {value:.4g}, over {self.limit:g} x its usual {usual:.4g}"
            past.append(value)
        return None

    def _fault_in_weights(self):
        bad = not_finite(self.model)
        return f"NaN or infinity in {', '.join(bad[:3])}" if bad else None

    def _go_back(self, step, fault):
        optimizers = base_optimizers(self.model)
        rates = {name: float(o.learning_rate.numpy()) for name, o in optimizers.items()}
        self.divergences.append(Divergence(step, fault, rates))
        good_step, values = self._copies[0]
        for variable, value in zip(self._variables(), values, strict=True):
            variable.assign(value)
        self._copies, self._checked = collections.deque([(good_step, values)], maxlen=2), step
        if len(self.divergences) > self.tries:
            raise DivergenceError(self.divergences, self.factor, good_step)
        for name, optimizer in optimizers.items():
            optimizer.learning_rate = rates[name] * self.factor
        warnings.warn(
            f"Training diverged. {_sentence(self.divergences[-1])}. Back to the weights of step "
            f"{good_step}, with rates x {self.factor:g}.",
            stacklevel=2,
        )

    def state(self):
        """All that the guard goes on from, as a dictionary of arrays."""
        copies = {
            f"{i}.{j}": v for i, (_, copy) in enumerate(self._copies) for j, v in enumerate(copy)
        }
        saved = {
            "checked": self._checked,
            "steps": [step for step, _ in self._copies],
            "losses": {name: list(values) for name, values in self._losses.items()},
            "divergences": self.divergences,
        }
        return {"facts": np.array(json.dumps(saved)), **copies}

    def restore_state(self, arrays):
        """Takes such a dictionary, for the next `fit`."""
        saved = json.loads(str(arrays["facts"]))
        count = (len(arrays) - 1) // len(saved["steps"])
        saved["copies"] = [
            (step, [arrays[f"{i}.{j}"] for j in range(count)])
            for i, step in enumerate(saved["steps"])
        ]
        self._restored = saved

    def _go_on(self, saved):
        self.divergences = [Divergence(*values) for values in saved["divergences"]]
        for name, values in saved["losses"].items():
            self._losses[name].extend(values)
        count = len(self._variables())  # an older version's copies may be of other variables
        if all(len(values) == count for _, values in saved["copies"]):
            self._copies, self._checked = (
                collections.deque(saved["copies"], maxlen=2),
                saved["checked"],
            )

    def _variables(self):
        counters = {id(variable) for variable in self.model._counters()}
        return [variable for variable in state_of(self.model) if id(variable) not in counters]

    def _copy(self):
        return self.step, [np.array(variable.numpy()) for variable in self._variables()]


def _sentence(divergence):
    rates = ", ".join(f"{name} {rate:.4g}" for name, rate in divergence.rates.items())
    return f"Step {divergence.step}: {divergence.fault}, at rates {rates}"
