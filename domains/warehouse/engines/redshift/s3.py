"""Where Redshift's COPY finds its files: below a name that no other load has, and only as long as needed."""

import secrets
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import boto3
from boto3.exceptions import S3UploadFailedError
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from clients.kit.errors import Unauthorized
from clients.kit.http import Call, error_for, refused, unclear
from domains.warehouse.settings import RedshiftWarehouse

TRIES = 3
"""Of one request. S3 turns some away under load, and an upload is many of them."""


class Bucket:
    """Signs in as Amazon's own tools do: environment, profile, or the machine's role."""

    def __init__(self, name: str, prefix: str, region: str | None, endpoint: str | None) -> None:
        self._name = name
        self._prefix = prefix.strip("/")
        self._client: Any = boto3.client(
            "s3",
            region_name=region,
            endpoint_url=endpoint,
            config=Config(retries={"total_max_attempts": TRIES, "mode": "standard"}, connect_timeout=10),
        )

    @classmethod
    def of(cls, settings: RedshiftWarehouse) -> "Bucket | None":
        if settings.s3_bucket is None:
            return None
        return cls(settings.s3_bucket, settings.s3_prefix, settings.region, settings.s3_endpoint)

    @contextmanager
    def holding(self, name: str, files: Sequence[Path]) -> Iterator[str]:
        """The s3:// URL below which the files are, until the block ends."""
        folder = "/".join(part for part in (self._prefix, name, secrets.token_hex(8)) if part)
        keys = [f"{folder}/{number:05}.parquet" for number, _ in enumerate(files)]
        try:
            for file, key in zip(files, keys, strict=True):
                self._upload(file, key)
            yield f"s3://{self._name}/{folder}/"
        finally:
            for key in keys:
                with suppress(BotoCoreError, ClientError):  # a rule of the bucket may delete it later
                    self._client.delete_object(Bucket=self._name, Key=key)

    def _upload(self, file: Path, key: str) -> None:
        call = Call("redshift", f"upload {key} to S3")
        try:
            self._client.upload_file(str(file), self._name, key)
        except (NoCredentialsError, PartialCredentialsError):
            raise refused(
                call, Unauthorized, "there are no AWS credentials here, or a part of them"
            ) from None
        except ClientError as error:
            raise _refusal(call, error) from None
        except S3UploadFailedError as error:
            if isinstance(error.__context__, ClientError):
                raise _refusal(call, error.__context__) from None
            raise unclear(call, "S3 did not answer, or hung up") from None
        except BotoCoreError:
            raise unclear(call, "S3 did not answer, or hung up") from None


def _refusal(call: Call, error: ClientError) -> Exception:
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 500))
    return error_for(call, status, str(error.response.get("Error", {}).get("Code", "")))
