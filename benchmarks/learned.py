"""What benchmarks of learning share: new models of presets, and scores of what they draw."""


def compiled(preset, seed, precision, options):
    """A new model of a preset with these options, compiled under a dtype policy."""
    import keras

    import tfgan_zoo

    before = keras.config.dtype_policy().name
    keras.config.set_dtype_policy(precision)
    gan = tfgan_zoo.from_preset(preset, load_weights=False, seed=seed, **options)
    gan.compile()
    keras.config.set_dtype_policy(before)
    return gan


def continued(gan, preset, seed, precision, options):
    """A new model of a preset with the weights of another, and with its own optimizers."""
    again = compiled(preset, seed, precision, options)
    for name, network in again.networks().items():
        network.set_weights(gan.networks()[name].get_weights())
    return again


def scores(gan, metrics, data, data_dir=None):
    """`{metric: value}` of the images of a model's moving average, against a set."""
    from tfgan_zoo import evaluation

    def real(split):
        return evaluation.from_data(data, split, gan.image_shape, data_dir=data_dir)

    found = evaluation.evaluate(evaluation.from_model(gan), metrics, real, progress=False)
    return {result.metric: round(result.value, 5) for result in found}


def garments(split, data_dir=None, quick=False):
    """`(images uint8 [N, 28, 28, 1], labels)` of Fashion-MNIST; a quick run's are of the package."""
    from tfgan_zoo import evaluation

    if quick:
        images, labels = _garments_of_the_package()
        return (
            (images[:-1000], labels[:-1000])
            if split == "train"
            else (images[-1000:], labels[-1000:])
        )
    found = evaluation.from_data("fashion_mnist", split, (28, 28, 1), data_dir=data_dir)
    return found.read(found.first(found.count))


def _garments_of_the_package():
    import numpy as np

    from tfgan_zoo import datasets

    path = f"{datasets.__path__[0]}/fashion_mnist_10k.npz"
    with np.load(path) as file:
        return file["images"], file["labels"].astype(np.int32)
