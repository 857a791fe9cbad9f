"""What the emulator of S3 does for the real client."""

from pathlib import Path

import boto3

from tests.emulators.running import Emulator


def test_a_file_comes_back_as_it_was_sent(s3_emulator: Emulator, tmp_path: Path) -> None:
    client = boto3.client(
        "s3",
        endpoint_url=s3_emulator.url,
        region_name="us-east-1",
        aws_access_key_id="emulator",
        aws_secret_access_key="emulator",
    )
    client.create_bucket(Bucket="smoke")
    (tmp_path / "part").write_bytes(b"rows")
    client.upload_file(str(tmp_path / "part"), "smoke", "run/1/part")
    assert client.get_object(Bucket="smoke", Key="run/1/part")["Body"].read() == b"rows"
