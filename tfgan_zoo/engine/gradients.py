"""From a player's loss to its gradients, before replicas meet.

A computation of gradients is a function `compute(batch, rng, share)`. It gives the list of gradients of
`share` times the loss (times the loss scale, in half precision) by the player's variables, and the logs
times `share`; those of all parts of a batch and of all replicas are then summed. Among the logs, under
`ROWS`, is what a loss gives for `Player.keep`, as it is. A transform is a function from one such
computation to another: it may cut the batch and change what comes of each part, as clipping the
gradients of each example does.
"""

import tensorflow as tf

ROWS = "rows of the batch"


def of_loss(loss, variables, scale_loss):
    """The computation by one pass over the whole batch.

    Args:
        loss: From `(batch, rng)` to the loss and what to log.
        variables: List of `tf.Variable`.
        scale_loss: The optimizer's loss scaling.
    """

    def compute(batch, rng, share):
        with rng.active(), tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(variables)
            value, logs, rows = loss(batch, rng)
            value = scale_loss(value * share)
        gradients = tape.gradient(value, variables, unconnected_gradients="zero")
        logs = {name: log * share for name, log in logs.items()}
        return gradients, logs | ({ROWS: rows} if rows else {})

    return compute


def accumulate(parts):
    """A transform that computes a batch in `parts` equal parts, one after the other, to save memory."""

    def transform(compute):
        def accumulated(batch, rng, share):
            rows = rng.count // parts

            def part(number):
                first = number * rows
                return compute(rows_of(batch, first, rows), rng.part(first, rows), share / parts)

            add = lambda sums, number: tf.nest.map_structure(tf.add, sums, part(number))  # noqa: E731
            return tf.foldl(add, tf.range(1, parts), part(0))

        return accumulated

    return transform if parts > 1 else lambda compute: compute


def rows_of(batch, first, count):
    """`count` rows of every tensor of a batch, from `first`, an int or a scalar tensor."""
    return {
        name: tf.ensure_shape(value[first:][:count], [count, *value.shape[1:]])
        for name, value in batch.items()
    }
