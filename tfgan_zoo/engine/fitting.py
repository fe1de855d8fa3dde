"""`compile` and `fit`: what happens before the first step of training and between steps."""

import functools

import keras
import tensorflow as tf

from tfgan_zoo import numbers
from tfgan_zoo.datasets.fingerprint import fingerprint
from tfgan_zoo.engine import contracts, frozen, inputs
from tfgan_zoo.engine.keras_arguments import check_callbacks, refuse_arguments
from tfgan_zoo.engine.optimizers import LossScaleWatch, PlayerOptimizers, prepare
from tfgan_zoo.engine.step import TrainingStep


class Fitting(TrainingStep):
    """`compile` and `fit`."""

    image_shape: tuple
    regularizers = ()
    condition = None  # what the model is asked for beside images, such as `tasks.conditions.Labels`
    second_input = None  # of `batch_inputs`, which `fit` is given as y
    _steps_to_skip = 0

    # === Hooks ===

    def default_optimizer(self, learning_rate):
        """The optimizer of the paper, for one player."""
        return keras.optimizers.Adam(learning_rate, beta_1=0.5)

    def player_optimizer(self, player, learning_rate):
        """The optimizer of the paper for the player of that name, where they differ in more than the
        rate."""
        return self.default_optimizer(learning_rate)

    def before_training(self):
        """Called at the start of `fit`, in the model's scope, to make or refuse what it alone needs."""

    def check_compile(self):
        """Called at the end of `compile`, to refuse optimizers that the model cannot work with."""

    # === Keras ===

    def compile(
        self,
        g_optimizer=None,
        d_optimizer=None,
        optimizers=None,
        jit_compile="auto",
        run_eagerly=False,
        steps_per_execution=1,
        **others,
    ):
        """Prepares the model for `fit`; without arguments, with the paper's optimizers.

        Layers that are frozen (`layer.trainable = False`) when the model is compiled do not train.
        `model.optimizer` is both optimizers as one, for Keras's callbacks; those that Keras named after
        their class, such as "adam_3", are named "g_optimizer" and "d_optimizer".

        Args:
            g_optimizer, d_optimizer: Keras optimizers of generator and discriminator, by default
                `player_optimizer` at `g_learning_rate` and `d_learning_rate`.
            optimizers: `{player: optimizer}`, by which those of all players can be given:
                `{"encoder": …}` of a model that has one.
            jit_compile: Whether the step's computation is compiled by XLA, on one replica and on
                many. "auto" compiles on accelerators; not on CPUs, where TensorFlow's convolutions
                are faster than XLA's.
            run_eagerly: Runs op by op, for debugging.
            steps_per_execution: As in Keras; above 1 on one replica only.

        Raises:
            TypeError: An argument that a GAN does not have, such as `loss`.
            ValueError: A value that cannot be used, or an optimizer of other weights.
        """
        refuse_arguments("compile", Fitting.compile, others)
        self._require_own_scope("compile")
        xla = self._uses_xla(jit_compile)
        self._check_compilation(jit_compile, run_eagerly, steps_per_execution)
        given = self._by_player(g_optimizer, d_optimizer, optimizers)
        self._refuse_parts_of_a_batch()
        with self.distribute_strategy.scope():
            prepared = {player.name: self._prepared(player, given) for player in self.players()}
            for player in self.players():
                setattr(self, player.optimizer_name, prepared[player.name][0])
            super().compile(
                optimizer=None,
                jit_compile=False,
                run_eagerly=run_eagerly,
                steps_per_execution=steps_per_execution,
            )
            made = {name: optimizer for name, (optimizer, _) in prepared.items()}
            self.optimizer = PlayerOptimizers(made, self.iterations, self._before_averages)
        self.check_compile()
        self._compile_config = {
            "optimizers": {name: config for name, (_, config) in prepared.items()},
            "jit_compile": jit_compile,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
        }
        self._xla, self._batch_spec, self._train_functions, self._savers = xla, "", {}, []
        self._compile_updates()

    def get_compile_config(self):
        return getattr(self, "_compile_config", None)  # None: not compiled yet

    def compile_from_config(self, config):
        self.compile(**keras.saving.deserialize_keras_object(config))

    def fit(
        self,
        x=None,
        y=None,
        batch_size=None,
        epochs=1,
        verbose="auto",
        callbacks=None,
        shuffle=True,
        initial_epoch=0,
        steps_per_epoch=None,
        resume=False,
        **others,
    ):
        """Trains for `epochs` epochs, in an order that is a function of the seed and the step.

        Args:
            x: Float images `[N, H, W, C]` in [-1, 1]; or `(images, labels)`; or a dictionary with
                "images" and "labels" or "texts", and what else `batch_inputs` names; or a
                `tf.data.Dataset`, a `keras.utils.PyDataset` or another iterable of batches of these,
                which gives the same batches each time it is read where a resumed run is to be exact;
                or a `datasets.Source`.
            y: Int labels `[N]`, where `x` is an array and the model takes labels; strings `[N]`, where
                it takes texts.
            batch_size: Images per update over all replicas, 64 by default for arrays and by default
                its own for a data set, whose batches are otherwise cut and joined. A step uses
                `n_critic` such batches; those that do not fill one are left out. It may differ from
                one `fit` to the next.
            steps_per_epoch: By default those that the images make. A data set whose batches have no
                static size is read through once to count them, unless this is given.
            resume: True continues an interrupted run: `epochs` then counts from the model's first
                step, and the epoch that was cut off is finished.

        With an optimizer that has `use_ema=True`, the averages are put in place of the weights at the
        end, as in Keras.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ValueError, TypeError: Input that is not as described, before the first step; an argument
                or a callback of Keras that a GAN cannot follow; layers frozen after `compile`.
        """
        refuse_arguments("fit", Fitting.fit, others)
        self._assert_compile_called("fit")
        self._require_own_scope("fit")
        inputs.check_lengths(epochs, initial_epoch, batch_size, steps_per_epoch)
        frozen.require_unchanged(self)
        for name, value in {"shuffle": shuffle, "resume": resume}.items():
            if value not in (True, False):  # Keras has another argument in the place of shuffle
                raise ValueError(f"{name} must be True or False. Received: {value!r}.")
        callbacks = check_callbacks(callbacks, self.optimizer.optimizers, self.privacy)
        self._savers = [callback for callback in callbacks if hasattr(callback, "restore")]
        try:
            for callback in self._savers:
                resume |= bool(callback.restore(self, callbacks))
            first = int(self.iterations.numpy())
            data, steps = inputs.prepare(self, x, y, batch_size, shuffle, steps_per_epoch, first)
            self._steps_to_skip, self._batch_spec = 0, inputs.named_spec(data)
            if resume:
                initial_epoch, self._steps_to_skip = divmod(first, steps)
            if self.dtype_policy.name == "mixed_float16":
                callbacks = [*callbacks, LossScaleWatch()]
            return super().fit(
                data,
                epochs=epochs,
                verbose=verbose,
                shuffle=False,  # the stream is in its order already
                callbacks=callbacks,
                initial_epoch=initial_epoch,
                steps_per_epoch=steps,
            )
        finally:
            self._savers = []  # a callback that is held here would hold its lock

    def remember_data(self, source):
        """Keeps what `fit` reads from: a `Source`, or None for a stream, which has no places."""
        self._fingerprint = None if source is None else functools.partial(fingerprint, source)

    def data_fingerprint(self, whole=False):
        """Of the data that `fit` was given last: see `datasets.fingerprint`; None of a stream."""
        return self._fingerprint and self._fingerprint(whole=whole)

    def make_train_function(self, force=False):
        """One function for each shape of batches: Keras would trace its own anew, for any shape, but the
        step's draws, parts and sums are those of a known number of rows."""
        with self.distribute_strategy.scope():
            self.before_training()
            self._check_private_loss()
        if force:
            self._train_functions = {}
        if self._batch_spec not in self._train_functions:
            self._compile_updates()
            super().make_train_function(force=True)
            self._train_functions[self._batch_spec] = self._resumable(self.train_function)
        self.train_function = self._train_functions[self._batch_spec]
        return self.train_function

    def _resumable(self, run):
        def train_function(iterator):
            if self._steps_to_skip > 0:  # done before the run was interrupted
                self._steps_to_skip -= self.steps_per_execution
                return {}
            return run(iterator)

        return train_function

    def _maybe_symbolic_build(self, *args, **kwargs):
        """Nothing: built already, and Keras's way fails with dictionaries on several workers."""

    def _before_averages(self):
        """What is saved last is what training goes on from, not the averages of an optimizer."""
        for callback in self._savers:
            callback.save_last()

    # === Compilation ===

    def _require_own_scope(self, method):
        """Or variables that are no replica's own would be updated once for each."""
        scope = tf.distribute.get_strategy()
        is_other = tf.distribute.has_strategy() and scope is not self._distribute_strategy
        if is_other and (method == "compile" or scope.num_replicas_in_sync > 1):
            raise ValueError(
                f"{method}() is called within the scope of a {type(scope).__name__} in which the model "
                "was not made. Make and compile it within that scope."
            )

    def _by_player(self, g_optimizer, d_optimizer, optimizers):
        """`{player: optimizer}` of the arguments of `compile`."""
        given = contracts.by_player(optimizers)
        names = [player.name for player in contracts.checked_players(self)]
        for name, optimizer in {"generator": g_optimizer, "discriminator": d_optimizer}.items():
            if optimizer is not None and given.setdefault(name, optimizer) is not optimizer:
                raise ValueError(f"There are two optimizers of the {name}. Give one of them.")
        if unknown := sorted(given.keys() - set(names)):
            raise ValueError(
                f"{type(self).__name__} has no player {unknown[0]!r}. Its players: {', '.join(names)}."
            )
        objects = [o for o in given.values() if isinstance(o, keras.optimizers.Optimizer)]
        if len({id(optimizer) for optimizer in objects}) < len(objects):
            raise ValueError(
                "Two players' optimizers are the same object, but each keeps the state of one player's "
                "weights. Give each player its own optimizer."
            )
        return given

    def _prepared(self, player, given):
        rate, optimizer = player.learning_rate, given.get(player.name)
        optimizer = self.player_optimizer(player.name, rate) if optimizer is None else optimizer
        return prepare(player, optimizer, self.dtype_policy.name)

    def _check_compilation(self, jit_compile, run_eagerly, steps_per_execution):
        if jit_compile is True and run_eagerly:
            raise ValueError("jit_compile=True and run_eagerly=True exclude each other. Give one.")
        numbers.integer("steps_per_execution", steps_per_execution)
        if self._replicas > 1 and steps_per_execution > 1:
            raise ValueError(
                "steps_per_execution must be 1 on several replicas, where Keras cannot carry their "
                f"values through its loop. Received: {steps_per_execution}, on {self._replicas}."
            )

    def _uses_xla(self, jit_compile):
        if jit_compile not in (True, False, "auto"):
            raise ValueError(
                f"jit_compile must be True, False or 'auto'. Received: {jit_compile!r}."
            )
        if self._crosses_replicas and jit_compile is True:
            found = self.batch_options().items()
            options = self._written(name for name, is_global in found if is_global)
            raise ValueError(
                f"{options} averages over the whole batch within the loss, which on {self._replicas} "
                "replicas XLA cannot hold. Use jit_compile=False, or one replica."
            )
        if jit_compile == "auto":
            jit_compile = bool(tf.config.list_logical_devices("GPU"))
        return jit_compile

    def _refuse_parts_of_a_batch(self):
        options = self.batch_options()
        if options and self.gradient_accumulation_steps > 1:
            raise ValueError(
                f"{self._written(options)} reads several images of the batch together, and would read "
                f"one part's with gradient_accumulation_steps={self.gradient_accumulation_steps}: "
                "another loss. Use gradient_accumulation_steps=1, or leave the option out."
            )

    def _written(self, options):
        objects = {regularizer.name: regularizer for regularizer in self.regularizers}
        return ", ".join(
            repr(objects[name]) if name in objects else f"{name}={getattr(self, name)!r}"
            for name in options
        )
