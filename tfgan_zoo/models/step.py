"""The training step. It exists here and nowhere else."""

import keras
import tensorflow as tf

from tfgan_zoo import losses
from tfgan_zoo.layers import Draws, advance_spectral_norms
from tfgan_zoo.models import inputs, optimizers


class TrainingStep:
    """`compile`, `fit` and `train_step` of a `GAN`.

    A step makes `n_critic` discriminator updates, each on real images of its own, then one generator
    update, and moves the average of the generator. An update has three parts: the gradients of this
    replica's rows; their sum over the replicas; and the optimizer, which every replica applies to its
    own copy of the variables. XLA compiles the first and the last, and on one replica all of it, since
    Keras's own `jit_compile=True` fails under a distribution strategy.
    """

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
                `default_optimizer` at `g_learning_rate` and `d_learning_rate`.
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
        with self.distribute_strategy.scope():
            super().compile(
                optimizer=None,
                jit_compile=False,
                run_eagerly=run_eagerly,
                steps_per_execution=steps_per_execution,
            )
            self.g_optimizer = self._prepared(g_optimizer, self.g_learning_rate, self.generator)
            self.d_optimizer = self._prepared(d_optimizer, self.d_learning_rate, self.discriminator)
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
                "images" and "labels"; or a `tf.data.Dataset` of batches of these.
            y: Int labels `[N]`, where `x` is an array and the model takes labels.
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

    # === Training step ===

    def train_step(self, data):
        batch = {name: self._sub_batches(value) for name, value in data.items()}
        logs = {}
        for index in range(self.n_critic):
            logs |= self._update("discriminator", batch, index)
        logs |= self._update("generator", batch, index)
        shape = (1,) if self._multi_worker else ()  # Keras cannot average scalars over workers
        return {name: tf.reshape(value, shape) for name, value in logs.items()}

    def _update(self, player, batch, index):
        index = tf.constant(index)
        context = tf.distribute.get_replica_context()
        place = tf.cast(context.replica_id_in_sync_group, tf.int32)
        if self._replicas == 1:
            return self._whole_update(player, batch, index, place)
        vector = self._packed_gradients(player, batch, index, place)
        return self._apply_packed(player, context.all_reduce("sum", vector))

    def _gradients(self, player, batch, index, replica):
        """This replica's share of the gradients, moving statistics and logs of one update."""
        network, optimizer, loss_function = self._player(player)
        variables = [variable.value for variable in network.trainable_variables]
        parts = self.gradient_accumulation_steps
        share = 1.0 / (parts * self._replicas)

        def part_gradients(part):
            images, labels, draws = self._part(player, batch, index, replica, part)
            with draws.active(), tf.GradientTape(watch_accessed_variables=False) as tape:
                tape.watch(variables)
                loss, logs = loss_function(images, labels, draws)
                loss = optimizer.scale_loss(loss * share)
            gradients = tape.gradient(loss, variables, unconnected_gradients="zero")
            return gradients, {name: value * share for name, value in logs.items()}

        sums = part_gradients(0)
        if parts > 1:
            add = lambda sums, part: tf.nest.map_structure(tf.add, sums, part_gradients(part))  # noqa: E731
            sums = tf.foldl(add, tf.range(1, parts), sums)
        return *sums, [variable.value / self._replicas for variable in self._statistics]

    def _apply(self, player, sums):
        """Updates one player from sums over all replicas, the same way on every replica."""
        gradients, logs, statistics = sums
        for variable, mean in zip(self._statistics, statistics, strict=True):
            variable.assign(mean)
        network, optimizer, _ = self._player(player)
        changed = [*network.trainable_variables, *optimizer.variables] if self.balance else []
        before = [tf.identity(variable.value) for variable in changed]
        optimizer.apply(gradients, network.trainable_variables)
        advance_spectral_norms(network)
        if player == "discriminator":
            self.after_discriminator_update()
            self.d_accuracy.assign_add(0.01 * (logs["d_accuracy"] - self.d_accuracy))
        skipped = self._is_skipped(player)
        for variable, old in zip(changed, before, strict=True):
            variable.assign(tf.where(skipped, old, variable.value))
        if player == "generator":
            self._finish_step()
        return logs

    def _pack(self, player, tensors):
        """One vector, so that the replicas meet once in an update, and cannot meet out of order."""
        self._packed[player] = tf.nest.map_structure(lambda tensor: tensor.shape, tensors)
        return tf.concat([tf.reshape(tensor, [-1]) for tensor in tf.nest.flatten(tensors)], axis=0)

    def _unpack(self, player, vector):
        shapes = tf.nest.flatten(self._packed[player])
        pieces = tf.split(vector, [shape.num_elements() for shape in shapes])
        tensors = [tf.reshape(piece, shape) for piece, shape in zip(pieces, shapes, strict=True)]
        return tf.nest.pack_sequence_as(self._packed[player], tensors)

    def _finish_step(self):
        steps = tf.cast(self.iterations.value, tf.float32)
        decay = tf.minimum(self.ema_decay, (1 + steps) / (10 + steps))
        for average, variable in zip(
            self.ema_generator.variables, self.generator.variables, strict=True
        ):
            average.assign_add((1 - decay) * (variable.value - average.value))
        self.iterations.assign_add(1)

    def _player(self, player):
        if player == "generator":
            return self.generator, self.g_optimizer, self.generator_loss
        return self.discriminator, self.d_optimizer, self.discriminator_loss

    def _is_skipped(self, player):
        if self.balance is None:
            return False
        low, high = self.balance
        wins = self.d_accuracy.value
        return wins > high if player == "discriminator" else wins < low

    @property
    def _statistics(self):
        """Moving statistics: each replica has its own until they are averaged after an update."""
        return self.generator.non_trainable_variables + self.discriminator.non_trainable_variables

    # === Inputs of an update ===

    def _sub_batches(self, values):
        """`[B * n_critic, …]` -> `[B, n_critic, …]`: cut by rows, a replica keeps its places."""
        rows = values.shape[0] // self.n_critic
        return tf.reshape(values, [rows, self.n_critic, *values.shape[1:]])

    def _part(self, player, batch, index, replica, part):
        """Images, labels and draws of one part of one replica's share of one sub-batch."""
        rows = batch["images"].shape[0]
        count = rows // self.gradient_accumulation_steps
        cut = {
            name: tf.gather(value, index, axis=1)[part * count :][:count]
            for name, value in batch.items()
        }
        turn = tf.constant(self.n_critic) if player == "generator" else index
        update = self.iterations.value * (self.n_critic + 1) + tf.cast(turn, tf.int64)
        draws = Draws(self.seed, update, replica * rows + part * count, count)
        images = tf.ensure_shape(cut["images"], [count, *self.image_shape])
        return images, cut.get("labels"), draws

    # === Compilation ===

    @property
    def _replicas(self):
        return self.distribute_strategy.num_replicas_in_sync

    @property
    def _multi_worker(self):
        return isinstance(self.distribute_strategy, tf.distribute.MultiWorkerMirroredStrategy)

    def _prepared(self, optimizer, learning_rate, network):
        optimizer = self.default_optimizer(learning_rate) if optimizer is None else optimizer
        return optimizers.prepare(optimizer, network.trainable_variables, self.dtype_policy.name)

    def _uses_xla(self, jit_compile):
        if jit_compile not in (True, False, "auto"):
            raise ValueError(
                f"jit_compile must be True, False or 'auto'. Received: {jit_compile!r}."
            )
        crosses_replicas = self._replicas > 1 and losses.get(self.objective).batch_mean
        if crosses_replicas and (jit_compile is True or self.gradient_accumulation_steps > 1):
            raise ValueError(
                f"objective={self.objective!r} averages over the whole batch within its loss, which "
                f"on {self._replicas} replicas neither XLA nor gradient accumulation can hold. Use "
                "jit_compile=False and gradient_accumulation_steps=1, or one replica."
            )
        if jit_compile == "auto":
            jit_compile = bool(tf.config.list_logical_devices("GPU"))
        return jit_compile and not self.run_eagerly and not crosses_replicas

    def _compiler(self, xla):
        if not xla:
            return lambda function: function  # within Keras's own tf.function, or eager
        return lambda function: tf.function(function, jit_compile=True, autograph=False)
