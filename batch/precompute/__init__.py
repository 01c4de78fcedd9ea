"""Precompute: a catalogue goes in, an item table that can be searched comes out.

    python -m batch.precompute --source jsonl:items.jsonl --release shop/

The job goes through these stages; each can be killed at any moment and the same command goes on where it was:

| file       | stage                                                                                             |
|------------|---------------------------------------------------------------------------------------------------|
| `stage`    | read the source in shards into small Parquet files; find duplicate ids                            |
| `flow`     | wave by wave on Ray Data: fetch, decode, encode, write Parquet with a checkpoint                  |
| `prepare`  | what `flow` does with a row before encoding; reuses what an earlier run made                      |
| `merge`    | one writer: a finished wave into LanceDB, its features into the cache                             |
| `leavers`  | items that left: taken out, unless so many did that the export looks broken                       |
| `buckets`  | ids in buckets of their hash, to compare catalogues of any size                                   |
| `job`      | the order of it all, and the release at the end                                                   |
| `run`      | what is known of a run between two processes                                                      |
| `features` | the cached base features, for jobs that train on them                                             |
"""

from batch.precompute.features import FeatureBatch, iter_features
from batch.precompute.job import Job, Report, precompute

__all__ = ["FeatureBatch", "Job", "Report", "iter_features", "precompute"]
