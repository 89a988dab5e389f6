"""Scans JSON Lines with a policy on Spark: each partition goes through a `tidegate scan` of its own.

Needs `pip install pyspark`, Java, and `tidegate` on the PATH of every worker (or --tidegate PATH).

    python pyspark_pipe.py data.jsonl out --policy config/policies/default.yaml --mode annotate

`out` becomes a folder with one file for each partition; together, in the order of their names, they are what one
process would have written.
"""

import argparse
import os
import shlex

from pyspark.sql import SparkSession


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("input", help="JSON Lines: a file, a folder, or a pattern that Spark understands")
    parser.add_argument("output", help="a folder that is not there yet")
    parser.add_argument("--policy", required=True, help="the policy file; workers read it at the same path")
    parser.add_argument("--mode", default="annotate", choices=["keep", "drop", "redact", "annotate"])
    parser.add_argument("--master", default="local[*]", help="where Spark runs")
    parser.add_argument("--partitions", type=int, default=4, help="the fewest parts that the input is cut into")
    parser.add_argument("--tidegate", default="tidegate", help="the program")
    arguments = parser.parse_args()

    policy = os.path.abspath(arguments.policy)
    # One thread for each process: Spark has the cores.
    command = [arguments.tidegate, "scan", "-", "--mode", arguments.mode, "-p", policy, "--jobs", "1"]
    spark = SparkSession.builder.master(arguments.master).appName("tidegate scan").getOrCreate()
    try:
        rows = spark.sparkContext.textFile(arguments.input, arguments.partitions)
        # checkCode: a scan that fails must fail the task, never look like a partition without rows.
        rows.pipe(shlex.join(command), checkCode=True).saveAsTextFile(arguments.output)
    finally:
        spark.stop()


if __name__ == "__main__":
    main()
