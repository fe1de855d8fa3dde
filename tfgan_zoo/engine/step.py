"""The training step. It exists here and nowhere else."""

import functools

import tensorflow as tf

from tfgan_zoo.layers import Draws, advance_spectral_norms


class TrainingStep:
    """`train_step` of a `GAN`.

    A step makes `n_critic` discriminator updates, each on real images of its own, then one generator
    update, and moves the average of the generator. An update has three parts: the gradients of this
    replica's rows; their sum over the replicas; and the optimizer, which every replica applies to its
    own copy of the variables. XLA compiles the first and the last, and on one replica all of it, since
    Keras's own `jit_compile=True` fails under a distribution strategy.
    """

    def train_step(self, data):
        batch = {name: self._sub_batches(value) for name, value in data.items()}
        self._images_per_update = batch["images"].shape[0] * self._replicas
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
            return self._in_phase(self._whole_update, player, batch, index, place)
        vector = self._in_phase(self._packed_gradients, player, batch, index, place)
        return self._apply_packed(player, context.all_reduce("sum", vector))

    def _in_phase(self, update, *args):
        """The update of the phase that training is in; XLA compiles each when it is first run."""
        branches = [functools.partial(update, *args, phase) for phase in range(self.phases)]
        return branches[0]() if self.phases == 1 else tf.switch_case(self.phase(), branches)

    def _gradients(self, player, batch, index, replica, phase=0):
        """This replica's share of the gradients, moving statistics and logs of one update."""
        optimizer, loss_function = self._player(player)
        variables = [variable.value for variable in self._variables(player)]
        parts = self.gradient_accumulation_steps
        share = 1.0 / (parts * self._replicas)

        def part_gradients(part):
            images, labels, draws = self._part(player, batch, index, replica, part, phase)
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
        optimizer, _ = self._player(player)
        changed = [*self._variables(player), *optimizer.variables] if self.balance else []
        before = [tf.identity(variable.value) for variable in changed]
        optimizer.apply(gradients, self._variables(player))
        for network in self.player_networks(player):
            advance_spectral_norms(network)
        if player == "discriminator":
            self.after_discriminator_update(logs)
            self.adapt(logs)
            self.d_accuracy.assign_add(0.01 * (logs["d_accuracy"] - self.d_accuracy))
        skipped = self._is_skipped(player)
        for variable, old in zip(changed, before, strict=True):
            variable.assign(tf.where(skipped, old, variable.value))
        if player == "generator":
            self.after_generator_update(logs)
            self._finish_step()
        if hasattr(optimizer, "dynamic_scale"):  # halved where an update was skipped
            logs = {**logs, f"{player[0]}_loss_scale": tf.identity(optimizer.dynamic_scale.value)}
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
        for averaged, network in self.averages():
            for average, variable in zip(averaged.variables, network.variables, strict=True):
                average.assign_add((1 - decay) * (variable.value - average.value))
        self.iterations.assign_add(1)

    def _player(self, player):
        if player == "generator":
            return self.g_optimizer, self.unrolled_generator_loss
        return self.d_optimizer, self.discriminator_loss

    def _variables(self, player):
        return [v for n in self.player_networks(player) for v in n.trainable_variables]

    def _is_skipped(self, player):
        if self.balance is None:
            return False
        low, high = self.balance
        wins = self.d_accuracy.value
        return wins > high if player == "discriminator" else wins < low

    @property
    def _statistics(self):
        """Moving statistics: each replica has its own until they are averaged after an update. Weights
        of frozen layers, which Keras counts among them, stay as they are."""
        players = ("generator", "discriminator")
        networks = [network for player in players for network in self.player_networks(player)]
        layers = [layer for network in networks for layer in network._flatten_layers()]
        weights = {id(weight) for layer in layers for weight in layer._trainable_variables}
        variables = [v for network in networks for v in network.non_trainable_variables]
        return [variable for variable in variables if id(variable) not in weights]

    # === Inputs of an update ===

    def _sub_batches(self, values):
        """`[B * n_critic, …]` -> `[B, n_critic, …]`: cut by rows, a replica keeps its places."""
        rows = values.shape[0] // self.n_critic
        return tf.reshape(values, [rows, self.n_critic, *values.shape[1:]])

    def _part(self, player, batch, index, replica, part, phase=0):
        """Images, labels and draws of one part of one replica's share of one sub-batch."""
        rows = batch["images"].shape[0]
        count = rows // self.gradient_accumulation_steps
        cut = {
            name: tf.gather(value, index, axis=1)[part * count :][:count]
            for name, value in batch.items()
        }
        turn = tf.constant(self.n_critic) if player == "generator" else index
        update = self.iterations.value * (self.n_critic + 1) + tf.cast(turn, tf.int64)
        draws = Draws(self.seed, update, replica * rows + part * count, count, phase)
        images = tf.ensure_shape(cut["images"], [count, *self.image_shape])
        return images, cut.get("labels"), draws
