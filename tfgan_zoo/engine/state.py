"""What a model knows beside its networks: the steps it has made, and the state of its regularizers."""

import keras
import tensorflow as tf


class State(keras.Model):
    """The state of a model by name, and the replicas that it trains on."""

    iterations: keras.Variable  # training steps made so far, int64

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        object.__setattr__(self, "_state", {})  # its variables are followed as weights already
        object.__setattr__(self, "_unexported", set())

    def add_state(self, name, value=0.0, dtype="float32", shape=(), exported=True):
        """Adds a variable that is saved and exported with the model, under that name.

        Args:
            name: String, such as "ada/probability".
            value: Number. What it starts from.
            dtype: Of the variable.
            shape: Of the variable, a scalar by default.
            exported: Whether an exported model has it. What only a resumed run needs is left out, and
                is new in a model that `from_preset` makes.

        Raises:
            ValueError: A name that is taken.
        """
        if name in self._state:
            raise ValueError(f"The model has the state {name!r} already.")
        self._unexported.update([] if exported else [name])
        self._state[name] = self.add_weight(
            shape=shape,
            dtype=dtype,
            initializer=keras.initializers.Constant(value),
            trainable=False,
            name=name.replace("/", "_"),
        )
        return self._state[name]

    @property
    def state(self):
        """`{name: variable}` of the state, without the networks."""
        return dict(self._state)

    def _counters(self):
        """Variables that never go back, not even where the weights do."""
        return [self.iterations]

    # === Replicas ===

    @property
    def _replicas(self):
        return self.distribute_strategy.num_replicas_in_sync

    @property
    def _multi_worker(self):
        return isinstance(self.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy)

    def batch_options(self):
        """The options with which a loss reads several rows of the batch together, `{name: is_global}`.

        True: the replicas meet within the loss, so that it reads the whole batch; False: it reads the
        rows of one replica. Neither can be taken from the parts of gradient accumulation.
        """
        return {}

    @property
    def _crosses_replicas(self):
        """Whether the replicas meet within the loss, which a function of one replica cannot hold."""
        return self._replicas > 1 and any(self.batch_options().values())

    def mean_over_replicas(self, tensors):
        """The mean over the replicas of a tensor, or of each in a list; gradients pass it.

        Only for losses that `batch_options` names: others are compiled without the other replicas.
        """
        if self._replicas == 1:
            return tensors
        return tf.distribute.get_replica_context().all_reduce("mean", tensors)
