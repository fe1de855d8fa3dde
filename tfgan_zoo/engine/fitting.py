"""`compile` and `fit`: what happens before the first step of training and between steps."""

import functools

import keras
import tensorflow as tf

from tfgan_zoo import numbers
from tfgan_zoo.datasets.fingerprint import fingerprint
from tfgan_zoo.engine import frozen, inputs, optimizers
from tfgan_zoo.engine.keras_arguments import check_callbacks, refuse_arguments
from tfgan_zoo.tasks import unrolled


class Fitting:
    """`compile` and `fit` of a `GAN`."""

    def compile(
        self,
        g_optimizer=None,
        d_optimizer=None,
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
        if isinstance(g_optimizer, keras.optimizers.Optimizer) and g_optimizer is d_optimizer:
            raise ValueError(
                "g_optimizer and d_optimizer are the same object, but each keeps the state of one "
                "player's weights. Give two optimizers."
            )
        self._refuse_parts_of_a_batch()
        with self.distribute_strategy.scope():
            players = [
                self._prepared("generator", g_optimizer, self.g_learning_rate),
                self._prepared("discriminator", d_optimizer, self.d_learning_rate),
            ]
            (self.g_optimizer, g_config), (self.d_optimizer, d_config) = players
            super().compile(
                optimizer=None,
                jit_compile=False,
                run_eagerly=run_eagerly,
                steps_per_execution=steps_per_execution,
            )
            self.optimizer = optimizers.PlayerOptimizers(
                [self.g_optimizer, self.d_optimizer], self.iterations, self._before_averages
            )
        self._compile_config = {
            "g_optimizer": g_config,
            "d_optimizer": d_config,
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
                "images" and "labels" or "texts"; or a `tf.data.Dataset`, a `keras.utils.PyDataset` or
                another iterable of batches of these, which gives the same batches each time it is
                read where a resumed run is to be exact; or a `datasets.Source`.
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
        callbacks = check_callbacks(callbacks, self.optimizer.optimizers)
        self._savers = [callback for callback in callbacks if hasattr(callback, "restore")]
        try:
            for callback in self._savers:
                resume |= bool(callback.restore(self, callbacks))
            first = int(self.iterations.numpy())
            data, steps = inputs.prepare(self, x, y, batch_size, shuffle, steps_per_epoch, first)
            self._steps_to_skip, self._batch_spec = 0, named_spec(data)
            if resume:
                initial_epoch, self._steps_to_skip = divmod(first, steps)
            if any(hasattr(o, "dynamic_scale") for o in (self.g_optimizer, self.d_optimizer)):
                callbacks = [*callbacks, optimizers.LossScaleWatch()]
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

    def data_fingerprint(self):
        """Of the data that `fit` was given last: see `datasets.fingerprint`; None of a stream."""
        return self._fingerprint and self._fingerprint()

    def make_train_function(self, force=False):
        """One function for each shape of batches: Keras would trace its own anew, for any shape, but the
        step's draws, parts and sums are those of a known number of rows."""
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

    @property
    def _replicas(self):
        return self.distribute_strategy.num_replicas_in_sync

    @property
    def _multi_worker(self):
        return isinstance(self.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy)

    def _require_own_scope(self, method):
        """Or variables that are no replica's own would be updated once for each."""
        scope = tf.distribute.get_strategy()
        is_other = tf.distribute.has_strategy() and scope is not self._distribute_strategy
        if is_other and (method == "compile" or scope.num_replicas_in_sync > 1):
            raise ValueError(
                f"{method}() is called within the scope of a {type(scope).__name__} in which the model "
                "was not made. Make and compile it within that scope."
            )

    def _prepared(self, player, optimizer, learning_rate):
        if optimizer is None:
            optimizer = self.player_optimizer(player, learning_rate)
        prepared, config = optimizers.prepare(
            player, optimizer, self._variables(player), self.dtype_policy.name
        )
        if player == "discriminator" and self.unrolled_steps:
            unrolled.check(optimizers.unwrap(prepared))
        return prepared, config

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
            options = self._written(
                name for name, is_global in self.batch_options().items() if is_global
            )
            raise ValueError(
                f"{options} averages over the whole batch within the loss, which on {self._replicas} "
                "replicas XLA cannot hold. Use jit_compile=False, or one replica."
            )
        if jit_compile == "auto":
            jit_compile = bool(tf.config.list_logical_devices("GPU"))
        return jit_compile

    @property
    def _crosses_replicas(self):
        """Whether the replicas meet within the loss, which a function of one replica cannot hold."""
        return self._replicas > 1 and any(self.batch_options().values())

    def _refuse_parts_of_a_batch(self):
        options = self.batch_options()
        if options and self.gradient_accumulation_steps > 1:
            raise ValueError(
                f"{self._written(options)} reads several images of the batch together, and would read "
                f"one part's with gradient_accumulation_steps={self.gradient_accumulation_steps}: "
                "another loss. Use gradient_accumulation_steps=1, or leave the option out."
            )

    def _written(self, options):
        return ", ".join(f"{name}={getattr(self, name)!r}" for name in options)

    def _compile_updates(self):
        """The parts of an update as functions, which keep the sizes that they are traced with."""
        self._packed = {}
        compiled = self._compiler(self._xla)
        self._whole_update = compiled(lambda *args: self._apply(args[0], self._gradients(*args)))
        self._packed_gradients = compiled(lambda *args: self._pack(args[0], self._gradients(*args)))
        self._apply_packed = compiled(
            lambda player, vector: self._apply(player, self._unpack(player, vector))
        )

    def _compiler(self, xla):
        """Without XLA too an update is a function: traced once for all `n_critic`, and begun after the
        one before. In one graph the generator would begin all updates at once, and hold its maps."""
        if self.run_eagerly or self._crosses_replicas:
            return lambda function: function
        return lambda function: tf.function(function, jit_compile=xla or None, autograph=False)


def named_spec(data):
    """The names, shapes and types of a data set's elements, as a string."""
    return str(sorted(data.element_spec.items()))
