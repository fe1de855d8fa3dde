"""The devices that a run uses."""

import contextlib
import functools
import os

import tensorflow as tf

STRATEGIES = ("one", "mirrored", "multi_worker", "tpu")


def make_strategy(name: str) -> tf.distribute.Strategy:
    """The `tf.distribute.Strategy` of a name of `STRATEGIES`. Call it before any other TensorFlow."""
    if name == "mirrored":
        return tf.distribute.MirroredStrategy(_devices())
    if name == "multi_worker":
        return _multi_worker_strategy()
    if name == "tpu":
        return _tpu_strategy()
    return tf.distribute.get_strategy()


def _devices():
    """All GPUs; where there is none, two logical CPUs."""
    if tf.config.list_physical_devices("GPU"):
        return [gpu.name for gpu in tf.config.list_logical_devices("GPU")]
    # Fails once TensorFlow has begun to run: then two must be there already.
    with contextlib.suppress(RuntimeError):
        processor = tf.config.list_physical_devices("CPU")[0]
        if tf.config.get_logical_device_configuration(processor) is None:
            halves = [tf.config.LogicalDeviceConfiguration()] * 2
            tf.config.set_logical_device_configuration(processor, halves)
    devices = [cpu.name for cpu in tf.config.list_logical_devices("CPU")][:2]
    if len(devices) < 2:
        raise ValueError(
            "strategy 'mirrored' needs two devices, and TensorFlow runs on one already. Start it in "
            "a new process."
        )
    return devices


@functools.cache  # a process joins its cluster once
def _multi_worker_strategy():
    if "TF_CONFIG" not in os.environ:
        raise ValueError(
            "strategy 'multi_worker' needs the environment variable TF_CONFIG in every worker, "
            'for example {"cluster": {"worker": ["host1:2222", "host2:2222"]}, "task": '
            '{"type": "worker", "index": 0}}.'
        )
    return tf.distribute.MultiWorkerMirroredStrategy()


def _tpu_strategy():
    try:
        resolver = tf.distribute.cluster_resolver.TPUClusterResolver()
        tf.config.experimental_connect_to_cluster(resolver)
        tf.tpu.experimental.initialize_tpu_system(resolver)
    except (ValueError, tf.errors.OpError) as error:
        raise ValueError(f"strategy 'tpu' found no TPU: {error}") from error
    return tf.distribute.TPUStrategy(resolver)
