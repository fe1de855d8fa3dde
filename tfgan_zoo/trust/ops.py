"""Which ops of TensorFlow compute only."""

import functools
import importlib

from tensorflow.python.framework import op_def_registry

# The groups, by TensorFlow's own division of its ops, in which all ops without state compute only.
_GROUPS = """
array_ops bitwise_ops control_flow_ops count_ops ctc_ops functional_ops image_ops linalg_ops list_ops
manip_ops math_ops nn_ops parsing_ops ragged_array_ops ragged_conversion_ops ragged_math_ops
random_index_shuffle_ops random_ops rnn_ops set_ops sparse_ops special_math_ops spectral_ops state_ops
stateless_random_ops stateless_random_ops_v2 string_ops uniform_quant_ops
"""
_NOT_THESE = {
    "ImmutableConst",  # maps a file into memory
    "Abort",  # ends the process
    "ParseTensor",  # makes objects of any registered kind from bytes
    "SymbolicGradient",  # runs a function that the graph names elsewhere
    # Decoders of compressed bytes, whose faults can end the process.
    *("DecodeAndCropJpeg", "DecodeBmp", "DecodeGif", "DecodeImage", "DecodeJpeg", "DecodeJxl"),
    *("DecodePng", "DecodeWebP", "DecodeCompressed"),
}
# With state, but of this model alone: variables, tables, draws, calls and loops.
_WITH_STATE = """
Assert Case CheckNumerics CheckNumericsV2 Empty GuaranteeConst If StatefulPartitionedCall While
DynamicPartition DynamicStitch ParallelDynamicStitch ShardedFilename
AssignAddVariableOp AssignSubVariableOp AssignVariableOp DestroyResourceOp DisableCopyOnRead
ReadVariableOp ResourceGather ResourceGatherNd ResourceScatterAdd ResourceScatterNdAdd
ResourceScatterNdUpdate ResourceScatterUpdate ResourceStridedSliceAssign VarHandleOp VarIsInitializedOp
Variable VariableShape VariableV2
HashTable HashTableV2 InitializeTable InitializeTableV2 LookupTableExport LookupTableExportV2
LookupTableFind LookupTableFindV2 LookupTableImport LookupTableImportV2 LookupTableInsert
LookupTableInsertV2 LookupTableSize LookupTableSizeV2 MutableHashTable MutableHashTableV2
MutableDenseHashTable MutableDenseHashTableV2 MutableHashTableOfTensors MutableHashTableOfTensorsV2
AllCandidateSampler LearnedUnigramCandidateSampler LogUniformCandidateSampler
ThreadUnsafeUnigramCandidateSampler UniformCandidateSampler
SampleDistortedBoundingBox SampleDistortedBoundingBoxV2 Timestamp
Multinomial ParameterizedTruncatedNormal RandomGamma RandomPoisson RandomPoissonV2 RandomShuffle
RandomStandardNormal RandomUniform RandomUniformInt TruncatedNormal
NonDeterministicInts RngReadAndSkip RngSkip StatefulRandomBinomial StatefulStandardNormalV2
StatefulTruncatedNormal StatefulUniform StatefulUniformFullInt StatefulUniformInt StatelessRandomGetAlg
TensorArrayV3 TensorArrayCloseV3 TensorArrayConcatV3 TensorArrayGatherV3 TensorArrayReadV3
TensorArrayScatterV3 TensorArraySizeV3 TensorArraySplitV3 TensorArrayWriteV3
"""
_KINDS = {
    "the file system": "File Files Save Restore Checkpoint Reader Record TextLine LMDB Summary "
    "ImmutableConst LoadDataset Snapshot Cache Csv CSV Sql Vocab Print Debug Dump",
    "the network": "Rpc RemoteCall DataService Send Recv Collective Worker Distributed TPU",
    "Python": "PyFunc",
}


@functools.cache
def allowed_ops():
    """Names of the ops that compute only."""
    found = set(_WITH_STATE.split())
    for group in _GROUPS.split():
        module = importlib.import_module(f"tensorflow.python.ops.gen_{group}")
        for name in vars(module):
            op = op_def_registry.get(name) if name[0].isupper() else None
            if op is not None and not op.is_stateful:
                found.add(name)
    return found - _NOT_THESE


def is_op(name):
    """Whether TensorFlow has an op of that name."""
    return op_def_registry.get(name) is not None


def kind(op):
    """What an op that is not allowed reaches, as far as its name tells."""
    if not is_op(op):
        return "an op that TensorFlow does not have"
    for reached, words in _KINDS.items():
        if any(word in op for word in words.split()):
            return reached
    return "not known to compute only"
