"""`compile` and `fit`: what happens before the first step of training and between steps."""

import keras
import tensorflow as tf

from tfgan_zoo.models import inputs, optimizers


class Fitting:
    """`compile` and `fit` of a `GAN`."""

    def compile(
        self,
        g_optimizer=None,
        d_optimizer=None,
        jit_compile="auto",
        run_eagerly=False,
        steps_per_execution=1,
    ):
        """Prepares the model for `fit`; without arguments, with the paper's optimizers.

        Args:
            g_optimizer, d_optimizer: Keras optimizers of generator and discriminator, by default
                `player_optimizer` at `g_learning_rate` and `d_learning_rate`.
            jit_compile: Whether the step's computation is compiled by XLA, on one replica and on
                many. "auto" compiles on accelerators; not on CPUs, where TensorFlow's convolutions
                are faster than XLA's.
            run_eagerly: Runs op by op, for debugging.
            steps_per_execution: As in Keras; above 1 on one replica only.
        """
        if self._replicas > 1 and steps_per_execution > 1:
            raise ValueError(
                "steps_per_execution must be 1 on several replicas, where Keras cannot carry their "
                f"values through its loop. Received: {steps_per_execution}, on {self._replicas}."
            )
        self._refuse_parts_of_a_batch()
        with self.distribute_strategy.scope():
            super().compile(
                optimizer=None,
                jit_compile=False,
                run_eagerly=run_eagerly,
                steps_per_execution=steps_per_execution,
            )
            self.g_optimizer = self._prepared("generator", g_optimizer, self.g_learning_rate)
            self.d_optimizer = self._prepared("discriminator", d_optimizer, self.d_learning_rate)
        self._compile_config = {
            "g_optimizer": keras.saving.serialize_keras_object(optimizers.unwrap(self.g_optimizer)),
            "d_optimizer": keras.saving.serialize_keras_object(optimizers.unwrap(self.d_optimizer)),
            "jit_compile": jit_compile,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
        }
        self._packed = {}
        compiled = self._compiler(self._uses_xla(jit_compile))
        self._whole_update = compiled(lambda *args: self._apply(args[0], self._gradients(*args)))
        self._packed_gradients = compiled(lambda *args: self._pack(args[0], self._gradients(*args)))
        self._apply_packed = compiled(
            lambda player, vector: self._apply(player, self._unpack(player, vector))
        )

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
    ):
        """Trains for `epochs` epochs, in an order that is a function of the seed and the step.

        Args:
            x: Float images `[N, H, W, C]` in [-1, 1]; or `(images, labels)`; or a dictionary with
                "images" and "labels" or "texts"; or a `tf.data.Dataset` of batches of these.
            y: Int labels `[N]`, where `x` is an array and the model takes labels; strings `[N]`, where
                it takes texts.
            batch_size: Images per update over all replicas, 64 by default for arrays; a data set has
                its own. A step uses `n_critic` such batches; those that do not fill one are left out.
            resume: True continues an interrupted run: `epochs` then counts from the model's first
                step, and the epoch that was cut off is finished.

        Returns:
            A `keras.callbacks.History`.

        Raises:
            ValueError, TypeError: Input that is not as described, before the first step.
        """
        self._assert_compile_called("fit")
        for callback in callbacks or []:
            resume |= bool(callback.restore(self)) if hasattr(callback, "restore") else False
        first = int(self.iterations.numpy())
        data, steps = inputs.prepare(self, x, y, batch_size, shuffle, steps_per_epoch, first)
        self._steps_to_skip = 0
        if resume:
            initial_epoch, self._steps_to_skip = divmod(first, steps)
        return super().fit(
            data,
            epochs=epochs,
            verbose=verbose,
            shuffle=False,  # the stream is in its order already
            callbacks=callbacks,
            initial_epoch=initial_epoch,
            steps_per_epoch=steps,
        )

    def make_train_function(self, force=False):
        super().make_train_function(force)
        if self.train_function is self._train_function:
            return
        run = self.train_function

        def train_function(iterator):
            if self._steps_to_skip > 0:  # done before the run was interrupted
                self._steps_to_skip -= self.steps_per_execution
                return {}
            return run(iterator)

        self.train_function = self._train_function = train_function

    def _maybe_symbolic_build(self, *args, **kwargs):
        """Nothing: built already, and Keras's way fails with dictionaries on several workers."""

    def evaluate(self, *args, **kwargs):
        raise NotImplementedError(
            "A GAN has no loss that says how good its images are, so evaluate() is not defined. "
            "Look at generate(), and compare samples with held-out images by a metric."
        )

    # === Compilation ===

    @property
    def _replicas(self):
        return self.distribute_strategy.num_replicas_in_sync

    @property
    def _multi_worker(self):
        return isinstance(self.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy)

    def _prepared(self, player, optimizer, learning_rate):
        if optimizer is None:
            optimizer = self.player_optimizer(player, learning_rate)
        return optimizers.prepare(optimizer, self._variables(player), self.dtype_policy.name)

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

    def _compiler(self, xla):
        """Without XLA too an update is a function: traced once for all `n_critic`, and begun after the
        one before. In one graph the generator would begin all updates at once, and hold its maps."""
        if self.run_eagerly or self._crosses_replicas:
            return lambda function: function
        return lambda function: tf.function(function, jit_compile=xla or None, autograph=False)
