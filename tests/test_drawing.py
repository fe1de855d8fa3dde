"""`generate` draws by a graph, and what it draws is the model's as it is now."""

import numpy as np
import pytest
import tensorflow as tf
from cases import CASES, make

from tfgan_zoo.tasks.sampling import to_uint8


def levels(first, second):
    return np.abs(first.astype(int) - second.astype(int)).max()


@pytest.mark.parametrize(
    "variant",
    [pytest.param(v, marks=pytest.mark.full if i % 3 else ()) for i, v in enumerate(CASES)],
)
def test_a_graph_draws_what_op_by_op_is_drawn(variant):
    """To one level of 255: a graph may join operations, which then round otherwise."""
    gan, seeds = make(variant), np.arange(5)
    asked = gan.condition.defaults(seeds).numpy() if gan.condition else None
    labels = gan.condition.given(asked, 5) if gan.condition else None
    for truncation in (1.0, 0.7):
        drawn = gan.generate_from_seeds(seeds, None, truncation, 2)
        expected = gan.render(gan.latents_for(seeds), labels, np.full(5, truncation))
        assert levels(drawn, to_uint8(expected)) <= 1


def test_what_is_drawn_follows_the_weights():
    gan, other = make("DCGAN"), make("DCGAN", seed=9)
    before = gan.generate(3, seed=1)
    gan.ema_generator.set_weights(other.ema_generator.get_weights())
    np.testing.assert_array_equal(gan.generate(3, seed=1), other.generate(3, seed=1))
    assert not np.array_equal(gan.generate(3, seed=1), before)


def test_what_is_drawn_follows_the_network():
    gan, other = make("DCGAN"), make("DCGAN", seed=9)
    gan.generate(3, seed=1)
    gan.ema_generator = other.ema_generator
    np.testing.assert_array_equal(gan.generate(3, seed=1), other.generate(3, seed=1))


def test_what_is_drawn_follows_a_network_in_the_place_of_a_freed_one():
    """Python gives the id of a freed object to a new one."""
    gan = make("DCGAN")
    for seed in range(3):
        other = make("DCGAN", seed=seed)
        gan.ema_generator = other.ema_generator
        np.testing.assert_array_equal(gan.generate(3, seed=1), other.generate(3, seed=1))
        assert [n for n in gan._graphs[0] if n is gan.ema_generator] and len(gan._graphs[1]) == 1


def test_one_graph_draws_any_number_of_images(monkeypatch):
    gan, traced = make("DCGAN"), []
    render = gan.render
    monkeypatch.setattr(gan, "render", lambda **given: traced.append(1) or render(**given))
    for n in (3, 64, 70, 1):
        assert gan.generate(n, seed=0).shape == (n, *gan.image_shape)
    assert len(traced) == 1
    gan.generate(2, seed=0, truncation=0.5)
    gan.generate(2, seed=0, truncation=[1.0, 0.4])
    assert len(traced) == 2


def test_run_eagerly_draws_op_by_op(monkeypatch):
    gan, eager = make("DCGAN"), []
    gan.compile(run_eagerly=True)
    render = gan.render
    monkeypatch.setattr(
        gan, "render", lambda **given: eager.append(tf.executing_eagerly()) or render(**given)
    )
    gan.generate(2, seed=0)
    assert eager == [True]
