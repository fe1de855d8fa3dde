"""Keras's callbacks and methods, batch sizes from one `fit` to the next, and frozen layers."""

import importlib.util
import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from cases import make
from tiny_runs import TINY, values

import tfgan_zoo
from tfgan_zoo import callbacks
from tfgan_zoo.engine.frozen import frozen_layers

of_keras = keras.callbacks


def compiled(*optimizers, run_eagerly=True, **options):
    gan = tfgan_zoo.DCGAN(**TINY, **options)
    gan.compile(*optimizers, run_eagerly=run_eagerly)
    return gan


def fit(gan, images, *watchers, epochs=2, batch_size=32):
    return gan.fit(
        images, batch_size=batch_size, epochs=epochs, verbose=0, callbacks=list(watchers)
    ).history


def same(one, other):
    return all(np.array_equal(a, b) for a, b in zip(one, other, strict=True))


# === Callbacks ===


def test_rates_of_both_players_follow_the_callbacks(images):
    gan = compiled()
    assert [o.name for o in gan.optimizer.optimizers] == ["d_optimizer", "g_optimizer"]
    gan.d_optimizer.learning_rate = 1e-3
    schedule = of_keras.LearningRateScheduler(lambda epoch, rate: rate * 0.5)
    plateau = of_keras.ReduceLROnPlateau(
        "g_loss", mode="min", patience=1, min_delta=100.0, factor=0.1
    )
    history = fit(gan, images, schedule, plateau)  # of the two epochs the second is no better
    np.testing.assert_allclose(history["learning_rate_g_optimizer"], [1e-4, 5e-5], rtol=1e-6)
    np.testing.assert_allclose(history["learning_rate_d_optimizer"], [5e-4, 2.5e-4], rtol=1e-6)
    rates = [float(o.learning_rate.numpy()) for o in (gan.g_optimizer, gan.d_optimizer)]
    np.testing.assert_allclose(rates, [5e-6, 2.5e-5], rtol=1e-6)
    assert gan.optimizer.iterations is gan.iterations
    with pytest.raises(AttributeError, match="two learning rates"):
        gan.optimizer.learning_rate  # noqa: B018
    with pytest.raises(AttributeError, match="Set gan.g_optimizer.learning_rate"):
        gan.optimizer.learning_rate = 0.1


def test_callbacks_that_watch_and_save(images, tmp_path):
    """CSV, early stop with the best weights, checkpoints of both kinds, a function of a user's own."""
    gan, seen = compiled(), []
    history = fit(
        gan,
        images,
        of_keras.TerminateOnNaN(),
        of_keras.CSVLogger(tmp_path / "log.csv"),
        of_keras.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(epoch)),
        of_keras.ModelCheckpoint(tmp_path / "model.keras"),
        of_keras.ModelCheckpoint(
            tmp_path / "best.weights.h5",
            save_weights_only=True,
            save_best_only=True,
            monitor="g_loss",
            mode="min",
        ),
        of_keras.EarlyStopping(
            "d_loss", mode="min", patience=1, min_delta=100.0, restore_best_weights=True
        ),
        epochs=5,
    )
    assert seen == [0, 1] and len(history["g_loss"]) == 2
    lines = (tmp_path / "log.csv").read_text().splitlines()
    assert lines[0].startswith("epoch,d_loss,d_ranking_accuracy,g_loss") and len(lines) == 3
    last = keras.models.load_model(tmp_path / "model.keras")
    assert int(last.iterations.numpy()) == 4 and int(last.g_optimizer.iterations.numpy()) == 4
    assert int(gan.iterations.numpy()) == 2  # those of the first epoch
    gan.load_weights(tmp_path / "best.weights.h5")
    assert int(gan.iterations.numpy()) in (2, 4)


@pytest.mark.parametrize(
    "replicas", ["one replica", pytest.param("two replicas", marks=pytest.mark.full)]
)
def test_averages_of_an_optimizer_take_the_place_of_weights(replicas, images, tmp_path, mirrored):
    """At the end of fit as in Keras; but a checkpoint has the weights, from which a run goes on."""
    strategy = mirrored if replicas == "two replicas" else tf.distribute.get_strategy()
    with strategy.scope():
        gan = tfgan_zoo.DCGAN(**TINY)
    ema = keras.optimizers.Adam(1e-2, use_ema=True, ema_momentum=0.5)
    gan.compile(ema, run_eagerly=replicas == "one replica")
    seen, swapped = [], of_keras.SwapEMAWeights(swap_on_epoch=True)
    look = of_keras.LambdaCallback(on_epoch_end=lambda epoch, logs: seen.append(weights(gan)))
    backup = callbacks.BackupAndRestore(tmp_path, save_freq=3)
    fit(gan, images, look, backup, swapped, look, epochs=2)
    average = [v.numpy() for v in gan.g_optimizer._model_variables_moving_average]
    assert same(weights(gan), average)
    raw, swapped_in, raw_again, at_the_end = seen
    assert not same(raw, swapped_in) and not same(raw_again, at_the_end)
    backup.restore(gan)
    assert same(weights(gan), raw_again) and int(gan.iterations.numpy()) == 4
    assert not same(weights(gan), average)


def weights(gan):
    return [v.numpy() for v in gan.generator.trainable_variables]


def test_a_cut_run_with_averages_ends_as_an_uncut_one(images, tmp_path):
    ends = []
    for stop in (None, 3):
        gan = compiled(keras.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5))
        if stop:
            stopped = callbacks.StopAtStep(stop)
            fit(gan, images, callbacks.BackupAndRestore(tmp_path), stopped)
            fit(gan, images, callbacks.BackupAndRestore(tmp_path))
        else:
            fit(gan, images)
        ends.append(values(gan))
    assert same(*ends)


@pytest.mark.parametrize(
    ("watchers", "message"),
    [
        ([of_keras.BackupAndRestore("x")], "Use tfgan_zoo.callbacks.BackupAndRestore"),
        ([of_keras.SwapEMAWeights(True)], "neither g_optimizer nor d_optimizer has use_ema"),
        ([of_keras.EarlyStopping()], "monitor='val_loss' is never logged"),
        ([of_keras.ReduceLROnPlateau("g_loss")], "mode='auto' cannot know whether 'g_loss'"),
        ([of_keras.ModelCheckpoint("x.keras", save_best_only=True)], "val_loss"),
        ([of_keras.ModelCheckpoint("{val_loss:.2f}.keras")], "no validation that could name"),
        ([of_keras.ModelCheckpoint("x.h5")], "ends in .keras"),
    ],
)
def test_callbacks_that_could_do_nothing_are_refused(watchers, message, gan, images):
    with pytest.raises(ValueError, match=message):
        fit(gan, images, *watchers)


def test_tensorboard_writes_all_that_it_can(images, tmp_path, gan):
    board = of_keras.TensorBoard(tmp_path, histogram_freq=1, write_steps_per_second=True)
    if importlib.util.find_spec("tensorboard") is None:
        with pytest.raises(ValueError, match="tfgan-zoo.tensorboard."):
            fit(gan, images, board)
    else:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Keras's summary of weights, on NumPy 2
            fit(gan, images, board, epochs=1)
        assert list(tmp_path.rglob("events*"))


def test_callbacks_are_taken_in_every_form(images, gan):
    with pytest.raises(TypeError, match="must be objects of keras.callbacks.Callback"):
        gan.fit(images, callbacks=[print])
    step = int(gan.iterations.numpy())
    gan.fit(images, batch_size=32, epochs=9, verbose=0, callbacks=callbacks.StopAtStep(step + 1))
    assert int(gan.iterations.numpy()) == step + 1
    ema = compiled(keras.optimizers.SGD(0.1, use_ema=True))
    with pytest.raises(ValueError, match="Put it before SwapEMAWeights"):
        fit(ema, images, of_keras.SwapEMAWeights(True), callbacks.BackupAndRestore("x"))
    with pytest.raises(ValueError, match="Give swap_on_epoch=True"):
        fit(ema, images, of_keras.SwapEMAWeights())


# === Methods and arguments of keras.Model ===


@pytest.fixture(scope="module")
def gan():
    return compiled()


@pytest.mark.parametrize(
    ("method", "options", "message"),
    [
        (
            "compile",
            {"optimizer": "adam"},
            "compile.*'optimizer'. Give g_optimizer and d_optimizer",
        ),
        ("compile", {"loss": "mse"}, "losses are options of the model"),
        ("compile", {"metrics": ["mae"]}, "Evaluate"),
        ("compile", {"g_optimiser": "adam"}, "Did you mean 'g_optimizer'"),
        ("fit", {"validation_data": (1, 2)}, "fit.*validation_data.*Evaluate"),
        ("fit", {"validation_split": 0.1}, "validation_split.*Evaluate"),
        ("fit", {"class_weight": {0: 2.0}}, "counts alike"),
        ("fit", {"sample_weight": np.ones(3)}, "counts alike"),
        ("fit", {"epoch": 3}, "Did you mean 'epochs'"),
    ],
)
def test_arguments_of_keras_say_what_to_use(method, options, message, gan, images):
    with pytest.raises(TypeError, match=message):
        getattr(gan, method)(*[images] * (method == "fit"), **options)


def test_compile_and_fit_refuse_what_excludes_itself(gan, images):
    with pytest.raises(ValueError, match="shuffle must be True or False. Received: 0.1"):
        gan.fit(images, None, 16, 1, 0, None, 0.1)  # Keras has validation_split there
    with pytest.raises(ValueError, match="exclude each other"):
        gan.compile(jit_compile=True, run_eagerly=True)
    with pytest.raises(ValueError, match="steps_per_execution must be"):
        gan.compile(steps_per_execution=0)


@pytest.mark.parametrize("method", ["evaluate", "test_on_batch", "compute_loss", "quantize"])
def test_losses_of_keras_are_refused(method, gan, images):
    with pytest.raises(NotImplementedError, match=rf"{method}\(\) is not defined"):
        getattr(gan, method)("int8" if method == "quantize" else images)


def test_a_step_on_a_batch_is_that_of_fit(images):
    one, other = (compiled(n_critic=2) for _ in range(2))
    history = one.fit(
        images[:16],
        batch_size=8,
        shuffle=False,
        verbose=0,
        validation_data=None,
        validation_split=0,
    ).history
    logs = other.train_on_batch(images[:16], return_dict=True)
    assert same(values(one), values(other))
    assert {name: [value] for name, value in logs.items()} == history
    assert len(other.train_on_batch(images[:16])) == len(logs)
    assert int(other.iterations.numpy()) == 2
    other.train_on_batch(np.ones_like(images[:16]))  # white, which a batch may be
    with pytest.raises(ValueError, match="NaN"):
        other.train_on_batch(np.full_like(images[:16], np.nan))
    with pytest.raises(ValueError, match="give a multiple of 2 images. Received: 3"):
        other.train_on_batch(images[:3])
    with pytest.raises(TypeError, match="Give data sets to fit"):
        other.train_on_batch(tf.data.Dataset.from_tensor_slices(images).batch(8))
    with pytest.raises(TypeError, match="counts alike"):
        other.train_on_batch(images[:16], sample_weight=np.ones(16))


def test_methods_on_two_replicas(images, mirrored):
    with mirrored.scope():
        gan = make("DCGAN")
    latents = np.random.default_rng(0).normal(size=(5, gan.latent_dim)).astype(np.float32)
    expected = gan.render(latents)
    for drawn in (gan.predict(latents, verbose=0), gan.predict_on_batch(latents)):
        np.testing.assert_allclose(drawn, expected, atol=1e-6)


@pytest.mark.parametrize(
    "variant", ["DCGAN", "ConditionalGAN", pytest.param("TextGAN", marks=pytest.mark.full)]
)
def test_predict_draws_from_latents(variant):
    gan = make(variant)
    gan.compile()
    latents = np.random.default_rng(0).normal(size=(5, gan.latent_dim)).astype(np.float32)
    asked = {"DCGAN": [], "ConditionalGAN": [[0, 1, 2, 0, 1]], "TextGAN": [["dog"] * 5]}[variant]
    given = (latents, *map(np.asarray, asked)) if asked else latents
    expected = gan.render(latents, *asked)
    images = gan.predict(given, batch_size=2, verbose=0)
    assert images.dtype == np.float32
    np.testing.assert_allclose(images, expected, atol=1e-6)
    np.testing.assert_allclose(gan.predict_on_batch(given), expected, atol=1e-6)
    if not asked:
        rows = [list(row) for row in latents]
        np.testing.assert_allclose(gan.predict_on_batch(rows), expected, atol=1e-6)
    batches = tf.data.Dataset.from_tensor_slices(given).batch(3)
    np.testing.assert_allclose(gan.predict(batches, verbose=0), expected, atol=1e-6)
    with pytest.raises(ValueError, match=rf"latents of shape \[N, {gan.latent_dim}\]"):
        gan.predict(np.zeros((2, 77)))
    with pytest.raises(ValueError, match="give predict|takes latents alone"):
        gan.predict(latents if asked else (latents, np.zeros(5, int)))
    if variant == "ConditionalGAN":
        with pytest.raises(ValueError, match=r"\[0, 3\)"):
            gan.predict((latents, np.full(5, 9)))


def test_summaries_names_and_files(gan, tmp_path):
    lines = []
    gan.summary(print_fn=lines.append)
    assert "ema_generator" in "".join(lines)
    assert [layer.name for layer in gan.layers] == ["generator", "discriminator", "ema_generator"]
    again = keras.models.model_from_json(gan.to_json())
    assert again.get_config() == gan.get_config()
    for name in ("m.h5", "m.hdf5"):
        with pytest.raises(ValueError, match=r"gan.save\('model.keras'\)"):
            gan.save(tmp_path / name)
    gan.save_weights(tmp_path / "m.weights.h5")
    bare = tfgan_zoo.DCGAN(**TINY)
    bare.load_weights(tmp_path / "m.weights.h5")
    assert same(bare.get_weights(), gan.get_weights())


# === Batch sizes ===


@pytest.mark.parametrize(
    ("mode", "replicas", "parts", "regularizers"),
    [
        ("graph", 2, 1, []),
        pytest.param("graph", 1, 2, [], marks=pytest.mark.full),
        pytest.param("graph", 2, 2, ["ada"], marks=pytest.mark.full),
        pytest.param("xla", 1, 2, ["ada"], marks=pytest.mark.full),
        pytest.param("eager", 1, 2, ["ada"], marks=pytest.mark.full),
        pytest.param("xla", 2, 1, [], marks=pytest.mark.full),
    ],
)
def test_each_fit_has_a_batch_size_of_its_own(
    mode, replicas, parts, regularizers, images, mirrored
):
    """After a fit with batches of 8, one with batches of 4 gives what it gives in a new model."""
    strategy = mirrored if replicas == 2 else tf.distribute.get_strategy()
    options = {"n_critic": parts, "gradient_accumulation_steps": parts}

    def new():
        with strategy.scope():
            gan = tfgan_zoo.DCGAN(**TINY, **options, regularizers=regularizers)
        gan.compile(jit_compile=mode == "xla", run_eagerly=mode == "eager")
        return gan

    one, other = new(), new()
    one.fit(images[:16], batch_size=8, verbose=0)
    for variable, value in zip(_state(other), _state(one), strict=True):
        variable.assign(value.numpy())
    for gan in (one, other):
        gan.fit(tf.data.Dataset.from_tensor_slices(images[:16]).batch(4), verbose=0)
    assert same(*([v.numpy() for v in _state(gan)] for gan in (one, other)))
    one.fit(images[:16], batch_size=8, verbose=0)
    assert len(one._train_functions) == 2
    assert int(one.iterations.numpy()) == (2 + 4 + 2) / parts


def _state(gan):
    return [*gan.variables, *gan.optimizer.variables]


@pytest.mark.full
def test_several_steps_at_once_with_two_batch_sizes(images):
    gan = tfgan_zoo.DCGAN(**TINY)
    gan.compile(steps_per_execution=2)
    gan.fit(images[:32], batch_size=16, verbose=0)
    gan.fit(images[:16], batch_size=4, verbose=0)
    assert int(gan.iterations.numpy()) == 6


# === Frozen layers ===


def frozen(run_eagerly=True):
    gan = tfgan_zoo.DCGAN(**TINY)
    gan.discriminator.layers[1].trainable = False
    gan.compile(run_eagerly=run_eagerly)
    return gan


def test_frozen_layers_and_their_optimizer_are_saved(images, tmp_path):
    gan = frozen()
    kernel = gan.discriminator.layers[1].kernel.numpy()
    fit(gan, images, of_keras.ModelCheckpoint(tmp_path / "gan.keras"), epochs=1)
    np.testing.assert_array_equal(gan.discriminator.layers[1].kernel, kernel)
    again = keras.models.load_model(tmp_path / "gan.keras")
    assert frozen_layers(again) == frozen_layers(gan) == ["discriminator/2/Conv2D"]
    assert same(values(again), values(gan)) and int(again.d_optimizer.iterations.numpy()) == 2
    assert same(*(fit(g, images, epochs=1) and values(g) for g in (again, gan)))
    other = tfgan_zoo.DCGAN(**TINY)
    other.set_weights(gan.get_weights())
    assert same(other.get_weights(), gan.get_weights())
    exported = tfgan_zoo.from_preset(str(gan.export(tmp_path, "frozen", warmup_batch_sizes=(1,))))
    assert frozen_layers(exported) == frozen_layers(gan)


def test_a_run_goes_on_with_the_layers_frozen_that_were(images, tmp_path):
    backup = callbacks.BackupAndRestore
    fit(frozen(), images, backup(tmp_path / "frozen"), epochs=1)
    fit(compiled(), images, backup(tmp_path / "thawed"), epochs=1)
    with pytest.raises(ValueError, match=r"frozen: checkpoint \['discriminator/2/Conv2D'\], now"):
        fit(compiled(), images, backup(tmp_path / "frozen"))
    with pytest.raises(ValueError, match=r"frozen: checkpoint nothing, now \['discriminator/2"):
        fit(frozen(), images, backup(tmp_path / "thawed"))
    gan = frozen()
    fit(gan, images, backup(tmp_path / "frozen"))
    assert int(gan.d_optimizer.iterations.numpy()) == 4
    path = tmp_path / "gan.weights.h5"
    gan.save_weights(path)
    with pytest.raises(ValueError, match="with other layers frozen"):
        compiled().load_weights(path)


def test_the_first_layers_of_the_discriminator_are_frozen(images):
    gan = tfgan_zoo.SNGAN(**TINY, network="cnn", n_critic=1)
    gan.freeze_discriminator_layers(3)
    layers = [layer for layer in gan.discriminator.layers if layer.weights]
    assert [layer.trainable for layer in layers] == [False] * 3 + [True] * (len(layers) - 3)
    assert len(frozen_layers(type(gan).from_config(gan.get_config()))) == 3
    before = [layer.kernel.numpy() for layer in layers]
    gan.compile()
    fit(gan, images, epochs=1)
    unchanged = [
        np.array_equal(*pair)
        for pair in zip(before, (layer.kernel for layer in layers), strict=True)
    ]
    assert unchanged == [True] * 3 + [False] * (len(layers) - 3)
    gan.freeze_discriminator_layers(0)
    assert not frozen_layers(gan)


def test_decoders_are_no_layers_of_the_discriminator():
    gan = make("FastGAN")
    gan.freeze_discriminator_layers(2)
    assert {name.partition("/")[0] for name in frozen_layers(gan)} == {"discriminator"}
    assert len(frozen_layers(gan)) >= 2
    gan.freeze_discriminator_layers(0)
    model = make("CycleGAN")
    model.freeze_discriminator_layers(1)
    parts = {name.partition("/")[0] for name in frozen_layers(model)}
    assert parts == {"discriminator", "backward_discriminator"}


def test_what_cannot_be_frozen():
    gan = tfgan_zoo.DCGAN(**TINY)
    layers = sum(bool(layer._trainable_variables) for layer in gan.discriminator.layers)
    with pytest.raises(ValueError, match=f"has {layers} layers .* Received: {layers}"):
        gan.freeze_discriminator_layers(layers)
    with pytest.raises(ValueError, match="count must be"):
        gan.freeze_discriminator_layers(-1)
    assert not frozen_layers(gan)
    with pytest.raises(ValueError, match="AdaIN has no discriminator"):
        make("AdaIN").freeze_discriminator_layers(1)


def test_rates_by_layer(images):
    """Of plain gradient descent, whose first step is the rate times the gradient."""
    sgd, steps = keras.optimizers.SGD, {}
    for factor in (1.0, 0.25):
        gan = tfgan_zoo.DCGAN(**TINY)
        rates = keras.optimizers.OptimizerMap(sgd(0.1))
        rates["dense/.*"] = sgd(0.1 * factor)
        before = [weight.numpy() for weight in gan.generator.trainable_weights]
        gan.compile(g_optimizer=keras.optimizers.MultiOptimizer(rates), run_eagerly=True)
        fit(gan, images[:32], epochs=1)
        after = gan.generator.trainable_weights
        steps[factor] = [a.numpy() - b for a, b in zip(after, before, strict=True)]
    wanted = [step * (0.25 if number == 0 else 1) for number, step in enumerate(steps[1.0])]
    for step, expected in zip(steps[0.25], wanted, strict=True):
        np.testing.assert_allclose(step, expected, rtol=0, atol=1e-3 * np.abs(expected).max())


def test_a_pattern_of_no_weight_is_told():
    rates = keras.optimizers.OptimizerMap(keras.optimizers.SGD(0.1))
    rates["mapping/.*"] = keras.optimizers.SGD(0.01)
    with pytest.raises(ValueError, match=r"g_optimizer: no weight .* matches 'mapping"):
        compiled(keras.optimizers.MultiOptimizer(rates))


def test_layers_frozen_after_compile_are_told(images):
    gan = compiled()
    gan.generator.layers[1].trainable = False
    for train in (gan.fit, gan.train_on_batch):
        with pytest.raises(
            ValueError, match=r"Layers of the generator were frozen or thawed after"
        ):
            train(images)
    gan.compile(run_eagerly=True)
    before = gan.generator.layers[1].get_weights()
    fit(gan, images, epochs=1)
    assert same(gan.generator.layers[1].get_weights(), before)
    gan.generator.layers[1].trainable = True
    with pytest.raises(ValueError, match="frozen or thawed after"):
        fit(gan, images)
    gan.trainable = False
    gan.compile()
    with pytest.raises(ValueError, match="nothing to train"):
        fit(gan, images)


def test_frozen_weights_are_no_statistics(images):
    """Or their mean over replicas would round them."""
    gan = frozen()
    held = {id(v) for v in gan.discriminator.layers[1].weights}
    assert not held & {id(v) for v in gan._statistics} and gan._statistics


@pytest.mark.parametrize("jit_compile", [False, pytest.param(True, marks=pytest.mark.full)])
def test_a_player_may_be_frozen_as_a_whole(jit_compile, images):
    gan = tfgan_zoo.DCGAN(**TINY)
    gan.discriminator.trainable = False
    gan.compile(jit_compile=jit_compile)
    discriminator, generator = gan.discriminator.get_weights(), gan.generator.get_weights()
    fit(gan, images, epochs=1)
    assert same(gan.discriminator.get_weights(), discriminator)
    assert not same(gan.generator.get_weights(), generator)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (None, r"latents of shape \[N, 4\]"),
        ((), r"latents of shape \[N, 4\]"),
        (np.zeros((0, 4)), r"shape \[N, 4\]. Received shape \(0, 4\)"),
        ({"x": np.zeros((1, 4))}, r"Received also: \['x'\]"),
        ((np.zeros((1, 4)),) * 3, "Received 3 parts"),
        (np.full((1, 4), np.nan), "NaN or infinity"),
        (np.zeros((1, 4), int), "must be floats"),
    ],
)
def test_latents_that_predict_refuses(x, message):
    gan = make("DCGAN")
    with pytest.raises(ValueError, match=message):
        gan.predict(x, verbose=0)
    with pytest.raises(ValueError, match=message):
        gan.predict_on_batch(x)


def test_a_model_of_another_scope_is_refused(mirrored, images):
    gan = make("DCGAN")
    with (
        mirrored.scope(),
        pytest.raises(ValueError, match="compile.*of a MirroredStrategy in which"),
    ):
        gan.compile()
    gan.compile(run_eagerly=True)
    with mirrored.scope(), pytest.raises(ValueError, match="fit.*Make and compile it within"):
        gan.fit(images[:8], batch_size=8)
    with mirrored.scope(), pytest.raises(ValueError, match="train_on_batch.*Make and compile"):
        gan.train_on_batch(images[:8])
