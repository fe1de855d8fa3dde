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


def scores(gan, metrics, data, data_dir=None):
    """`{metric: value}` of the images of a model's moving average, against a set."""
    from tfgan_zoo import evaluation

    def real(split):
        return evaluation.from_data(data, split, gan.image_shape, data_dir=data_dir)

    found = evaluation.evaluate(evaluation.from_model(gan), metrics, real, progress=False)
    return {result.metric: round(result.value, 5) for result in found}
