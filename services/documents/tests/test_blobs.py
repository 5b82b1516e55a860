"""One contract, two stores."""

import os
from collections.abc import AsyncIterator, Iterator

import boto3
import pytest
from automateiq_core.errors import NotFound, Unavailable
from automateiq_core.mongo import Mongo, ObjectId
from automateiq_core.testing import calling
from automateiq_documents.documents.blobs import BlobStore, GridFsBlobs, S3Blobs
from automateiq_documents.documents.spool import Spool
from moto.server import ThreadedMotoServer

BUCKET = "automateiq-files"
MIB = 1 << 20


@pytest.fixture(scope="module")
def s3_endpoint() -> Iterator[str]:
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    # A proxy of the machine must not come between the test and its server.
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


@pytest.fixture(params=["gridfs", "s3"])
def blobs(request: pytest.FixtureRequest, mongo: Mongo) -> BlobStore:
    if request.param == "gridfs":
        return GridFsBlobs(mongo)
    request.getfixturevalue("aws_environment")
    endpoint = request.getfixturevalue("s3_endpoint")
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1").create_bucket(Bucket=BUCKET)
    return S3Blobs(bucket=BUCKET, region="us-east-1", endpoint_url=endpoint)


async def all_of(pieces: AsyncIterator[bytes]) -> bytes:
    return b"".join([piece async for piece in pieces])


async def store(blobs: BlobStore, key: str, content: bytes) -> None:
    with Spool() as spool:
        for start in range(0, len(content), MIB):
            await spool.write(content[start : start + MIB])
        await blobs.write(key, spool)


@pytest.mark.parametrize("size", [1, 300_000, 5 * MIB, 20 * MIB + 17])
async def test_what_is_written_is_read_in_pieces(blobs: BlobStore, size: int) -> None:
    content, key = os.urandom(size), str(ObjectId())
    with calling():
        await store(blobs, key, content)
        pieces = [piece async for piece in blobs.read(key)]
    assert b"".join(pieces) == content
    assert max(map(len, pieces)) <= MIB


async def test_what_was_never_written_is_not_found(blobs: BlobStore) -> None:
    with calling(), pytest.raises(NotFound):
        await all_of(blobs.read(str(ObjectId())))


async def test_a_deleted_file_is_gone_and_may_be_deleted_again(blobs: BlobStore) -> None:
    key = str(ObjectId())
    with calling():
        await store(blobs, key, b"content")
        await blobs.delete(key)
        await blobs.delete(key)
        with pytest.raises(NotFound):
            await all_of(blobs.read(key))


async def test_an_organization_can_not_name_anothers_file(blobs: BlobStore) -> None:
    key = str(ObjectId())
    with calling(organization_id="a" * 24):
        await store(blobs, key, b"of a")
    with calling(organization_id="b" * 24):
        for name in (key, f"../{'a' * 24}/{key}", f"{'a' * 24}/{key}"):
            with pytest.raises(NotFound):
                await all_of(blobs.read(name))
            await blobs.delete(name)
    with calling(organization_id="a" * 24):
        assert await all_of(blobs.read(key)) == b"of a"


async def test_the_keys_in_the_bucket_begin_with_the_organization(
    aws_environment: None, s3_endpoint: str
) -> None:
    client = boto3.client("s3", endpoint_url=s3_endpoint, region_name="us-east-1")
    client.create_bucket(Bucket="prefixes")
    blobs = S3Blobs(bucket="prefixes", region="us-east-1", endpoint_url=s3_endpoint)
    with calling(organization_id="c" * 24):
        await store(blobs, "k", b"x")
    assert [found["Key"] for found in client.list_objects_v2(Bucket="prefixes")["Contents"]] == [
        f"{'c' * 24}/k"
    ]


async def test_a_store_that_is_away_is_unavailable(aws_environment: None, unused_tcp_port: int) -> None:
    blobs = S3Blobs(bucket=BUCKET, region="us-east-1", endpoint_url=f"http://127.0.0.1:{unused_tcp_port}")
    with calling(), pytest.raises(Unavailable) as refused:
        await store(blobs, "k", b"x")
    assert refused.value.reason == "FILE_STORE_UNAVAILABLE"


async def test_a_spool_reads_the_same_from_memory_and_from_disk() -> None:
    for size in (10, 4 * MIB, 9 * MIB):
        content = os.urandom(size)
        with Spool() as spool:
            for start in range(0, size, MIB):
                await spool.write(content[start : start + MIB])
            assert await all_of(spool.pieces()) == content
            assert await all_of(spool.pieces()) == content
            assert spool.rewound().read() == content
            assert spool.size == size
