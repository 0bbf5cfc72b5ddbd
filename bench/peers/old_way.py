# How it was done before: boto3's transfer manager, 100 threads, each report to a temporary file and back. old_way.py BUCKET ENDPOINT
import concurrent.futures
import datetime
import json
import os
import sys
import tempfile

import boto3
from boto3.s3.transfer import TransferConfig
from botocore.config import Config

bucket, endpoint = sys.argv[1:3]
config = Config(max_pool_connections=100, s3={"addressing_style": "path"})
client = boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", config=config)
transfer = TransferConfig(max_concurrency=100)
window = datetime.timedelta(hours=2)
now = datetime.datetime.now(datetime.timezone.utc)


def read(entry):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "report.json")
        client.download_file(bucket, entry["Key"], path, Config=transfer)
        with open(path) as file:
            return json.load(file)


entries = []
for page in client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix="reports/v1/"):
    entries += [entry for entry in page.get("Contents", []) if now - entry["LastModified"] <= window]
with concurrent.futures.ThreadPoolExecutor(100) as pool:
    reports = list(pool.map(read, entries))
json.dump(reports, sys.stdout)
