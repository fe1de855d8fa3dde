"""The training step. It exists here and nowhere else."""

import functools

import tensorflow as tf

from tfgan_zoo.engine import contracts, gradients
from tfgan_zoo.engine.private import Private, Refusing
from tfgan_zoo.layers import Rng, advance_spectral_norms, cpu_convolutions


class TrainingStep(Private):
    """`train_step`: the updates of all players in their order, then the moving averages.

    An update has three parts: the gradients of this replica's rows; their sum over the replicas; and
    the optimizer, which every replica applies to its own copy of the variables. XLA compiles the first
    and the last, and on one replica all of it, since Keras's own `jit_compile=True` fails under a
    distribution strategy.
    """

    seed: int
    ema_decay: float
    gradient_accumulation_steps: int
    stages = 1  # of training, each with a computation of its own (`rng.stage` is an int)
    skips_updates = False  # whether `skip_update` may give a tensor
    _xla = False

    # === Hooks ===

    def players(self):
        """The `Player`s, in the order of their updates within a step."""
        raise NotImplementedError(f"{type(self).__name__} must define players().")

    def batch_inputs(self):
        """What the model reads of its data beside images and labels or texts: `{name: BatchInput}`.

        `fit` then needs dictionaries, or batches that are dictionaries, with these names; it checks
        their shapes, types and ranges, and hands them to the losses in `batch`.
        """
        return {}

    def stage(self):
        """Which of the `stages` of training the next step is in, an int32 scalar tensor."""
        return tf.constant(0)

    def ema_pairs(self):
        """`(average, network)` of every network whose weights' moving average is kept."""
        return []

    def gradient_transforms(self, player):
        """What a player's gradients go through before the replicas meet: see `engine.gradients`."""
        return [*player.transforms, gradients.accumulate(self.gradient_accumulation_steps)]

    def observe(self, player, logs):
        """Called with the logs of every update, means over the global batch, before it is applied."""

    def skip_update(self, player):
        """Whether to leave the weights and the optimizer of that name as they are: False, or a bool
        scalar tensor of a model that `skips_updates`."""
        return False

    # === Players ===

    def player(self, name):
        """The `Player` of that name."""
        return next(player for player in self.players() if player.name == name)

    def optimizer_of(self, name):
        """The optimizer of the player of that name."""
        return getattr(self, self.player(name).optimizer_name)

    def networks_of(self, name):
        """The networks that the player of that name updates."""
        return self.player(name).networks

    def trainable_of(self, name):
        """The variables that the player of that name updates."""
        return self.player(name).trainable_variables

    @property
    def _statistics(self):
        """Moving statistics: each replica has its own until they are averaged after an update. Weights
        of frozen layers, which Keras counts among them, stay as they are."""
        networks = [network for player in self.players() for network in player.networks]
        layers = [layer for network in networks for layer in network._flatten_layers()]
        weights = {id(weight) for layer in layers for weight in layer._trainable_variables}
        variables = [v for network in networks for v in network.non_trainable_variables]
        return [variable for variable in variables if id(variable) not in weights]

    # === The step ===

    def train_step(self, data):
        batch = {name: self._sub_batches(value) for name, value in data.items()}
        rows = next(iter(batch.values())).shape[0]
        self.images_per_update = rows * self._replicas
        logs = {}
        for turn, player in enumerate(self.players_in_turn()):
            logs |= self._update(player.name, batch, turn)
        shape = (1,) if self._multi_worker else ()  # Keras cannot average scalars over workers
        return {name: tf.reshape(value, shape) for name, value in logs.items()}

    def _update(self, name, batch, turn):
        turn = tf.constant(turn)
        context = tf.distribute.get_replica_context()
        place = tf.cast(context.replica_id_in_sync_group, tf.int32)
        if self._replicas == 1:
            return self._in_stage(self._whole_update, name, batch, turn, place)
        vector = self._in_stage(self._packed_gradients, name, batch, turn, place)
        return self._apply_packed(name, turn, context.all_reduce("sum", vector))

    def _in_stage(self, update, *args):
        """The update of the stage that training is in; XLA compiles each when it is first run."""
        branches = [functools.partial(update, *args, stage) for stage in range(self.stages)]
        return branches[0]() if self.stages == 1 else tf.switch_case(self.stage(), branches)

    def gradients_of(self, name, batch, turn, replica):
        """`_gradients` of the stage that training is in."""
        return self._in_stage(self._gradients, name, batch, turn, replica)

    def _gradients(self, name, batch, turn, replica, stage=0):
        """This replica's share of the gradients, logs and moving statistics of one update."""
        player, optimizer = self.player(name), self.optimizer_of(name)
        variables = [variable.value for variable in player.trainable_variables]
        loss = contracts.checked_loss(player)
        scale, is_private = optimizer.scale_loss, self._is_private(name)
        if is_private:
            scale = functools.partial(tf.multiply, self._private_scale(optimizer))
        compute = gradients.of_loss(loss, variables, scale)
        if is_private:
            compute = self._clipped(player, compute)
        for transform in [] if is_private else self.gradient_transforms(player):
            compute = transform(compute)
        rows, rng = self.rows_of_update(player, batch, turn, replica, stage)
        found, logs = compute(rows, rng, 1.0 / self._replicas)
        if gradients.ROWS in logs:
            kept = logs[gradients.ROWS].items()
            logs[gradients.ROWS] = {key: self._placed(value, replica) for key, value in kept}
        return found, logs, [variable.value / self._replicas for variable in self._statistics]

    def _placed(self, rows, replica):
        """This replica's rows `[B, …]` at their places in the global batch, `[N, …]`, among zeros."""
        if self._replicas == 1:
            return rows
        is_here = tf.reshape(tf.range(self._replicas) == replica, [-1] + [1] * rows.shape.rank)
        placed = tf.where(is_here, rows[None], tf.zeros_like(rows[None]))
        return tf.reshape(placed, [-1, *rows.shape[1:]])

    def _apply(self, name, turn, sums):
        """Updates one player from sums over all replicas, the same way on every replica."""
        found, logs, statistics = sums
        rows = logs.pop(gradients.ROWS, {})
        for variable, mean in zip(self._statistics, statistics, strict=True):
            variable.assign(mean)
        player, optimizer = self.player(name), self.optimizer_of(name)
        if self._is_private(name):
            logs = Refusing(type(self).__name__, "the logs of real images")
            found = self._noised(self._earlier(player, turn), found)
        self.observe(name, logs)
        changed = [*player.trainable_variables, *optimizer.variables] if self.skips_updates else []
        before = [tf.identity(variable.value) for variable in changed]
        optimizer.apply(found, player.trainable_variables)
        for network in player.networks:
            advance_spectral_norms(network)
        player.after_update(logs)
        if player.keep is not None:
            player.keep(rows)
        skipped = self.skip_update(name)
        for variable, old in zip(changed, before, strict=True):
            variable.assign(tf.where(skipped, old, variable.value))
        if name == self.players()[-1].name:
            self._finish_step(turn)
        if hasattr(optimizer, "dynamic_scale"):  # halved where an update was skipped
            scale = tf.identity(optimizer.dynamic_scale.value)
            logs[f"{player.prefix}_loss_scale"] = scale
        return dict(logs)

    def _finish_step(self, turn):
        """Moves the averages and counts the step, after the last of the last player's updates."""
        steps = tf.cast(self.iterations.value, tf.float32)
        decay = tf.minimum(self.ema_decay, (1 + steps) / (10 + steps))  # less at the beginning
        share, done = 1 - decay, 1
        if self.players()[-1].updates > 1:  # one computation for all of them
            done = tf.cast(turn == len(self.players_in_turn()) - 1, tf.int64)
            share *= tf.cast(done, tf.float32)
        for averaged, network in self.ema_pairs():
            for average, variable in zip(averaged.variables, network.variables, strict=True):
                average.assign_add(share * (variable.value - average.value))
        self.iterations.assign_add(done)

    def _pack(self, name, tensors):
        """One vector, so that the replicas meet once in an update, and cannot meet out of order."""
        self._packed[name] = tf.nest.map_structure(lambda tensor: tensor.shape, tensors)
        return tf.concat([tf.reshape(tensor, [-1]) for tensor in tf.nest.flatten(tensors)], axis=0)

    def _unpack(self, name, vector):
        shapes = tf.nest.flatten(self._packed[name])
        pieces = tf.split(vector, [shape.num_elements() for shape in shapes])
        tensors = [tf.reshape(piece, shape) for piece, shape in zip(pieces, shapes, strict=True)]
        return tf.nest.pack_sequence_as(self._packed[name], tensors)

    # === Compilation ===

    def _compile_updates(self):
        """The parts of an update as functions, which keep the sizes that they are traced with."""
        self._packed = {}
        compiled = self._compiler(self._xla)
        self._whole_update = compiled(
            lambda name, batch, turn, *args: self._apply(
                name, turn, self._gradients(name, batch, turn, *args)
            )
        )
        self._packed_gradients = compiled(lambda *args: self._pack(args[0], self._gradients(*args)))
        self._apply_packed = compiled(
            lambda name, turn, vector: self._apply(name, turn, self._unpack(name, vector))
        )

    def _compiler(self, xla):
        """Without XLA too an update is a function: traced once for all of a player's, and begun after
        the one before. In one graph the last player would begin all at once, and keep activations."""
        if self.run_eagerly or self._crosses_replicas:
            return lambda function: function
        compiled = functools.partial(tf.function, jit_compile=xla or None, autograph=False)
        if any(map(tf.config.list_logical_devices, ("GPU", "TPU"))):
            return compiled
        return lambda function: compiled(cpu_convolutions(xla)(function))

    # === Inputs of an update ===

    @property
    def batches_per_step(self):
        """Int. Batches in the data of one training step."""
        return max(player.updates for player in self.players())

    def players_in_turn(self):
        """The player of every update of a step, in order."""
        return [player for player in self.players() for _ in range(player.updates)]

    def _sub_batches(self, values):
        """`[B * n, …]` -> `[B, n, …]`, n batches: cut by rows, a replica keeps its places."""
        rows = values.shape[0] // self.batches_per_step
        return tf.reshape(values, [rows, self.batches_per_step, *values.shape[1:]])

    def _earlier(self, player, turn):
        """How many updates of this player came before in this step."""
        return turn - [other.name for other in self.players_in_turn()].index(player.name)

    def rows_of_update(self, player, batch, turn, replica, stage=0):
        """One replica's rows of the batch of one update, and the random numbers for them."""
        earlier = self._earlier(player, turn)
        index = self.batches_per_step - player.updates + earlier
        cut = {name: tf.gather(value, index, axis=1) for name, value in batch.items()}
        is_public = self.privacy is not None and not self._is_private(player.name)
        count = self._public_rows if is_public else next(iter(cut.values())).shape[0]
        step = self.iterations.value
        rng = Rng(
            self.seed,
            step * len(self.players_in_turn()) + tf.cast(turn, tf.int64),
            replica * count,
            count,
            stage,
            step * player.updates + tf.cast(earlier, tf.int64),
        )
        return (self._without_real(player, rng) if is_public else cut), rng
