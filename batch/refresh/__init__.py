"""Refresh: the routine that takes a catalogue and what people did with it to a live release, every night.

    python -m batch.refresh shop.yaml

| file       | what                                                                                              |
|------------|---------------------------------------------------------------------------------------------------|
| `routine`  | the YAML file that says what goes in and how each step is done                                    |
| `steps`    | the steps: what each depends on, and the job that it runs                                         |
| `inputs`   | fingerprints of what steps depend on, and how far a catalogue has drifted since a training        |
| `plan`     | which steps run now, and why                                                                      |
| `book`     | what is known between two runs: what each release was made from, and a run that was cut off       |
| `gate`     | the candidate against the live release, and the release that is promoted                          |
| `follow`   | how far a training on the cluster is                                                              |
| `isolated` | a step in a process of its own on the cluster                                                     |
| `run`      | the order of it all                                                                               |
| `cli`      | the command                                                                                       |

Steps build on one another by the pointer `candidate` of the release store. What is live stays live until the candidate
has been measured against it; one swap then makes all of it live.
"""
