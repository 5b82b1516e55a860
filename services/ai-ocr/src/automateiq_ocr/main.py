"""ai-ocr: `python -m automateiq_ocr.main serve | migrate`."""

import asyncio
from datetime import timedelta
from typing import cast

from automateiq.ocr.v1.recognition_pb2_grpc import add_RecognitionServiceServicer_to_server
from automateiq.ocr.v1.rendering_pb2_grpc import add_RenderingServiceServicer_to_server
from automateiq_core.process import Service, Servicer, Wiring, main
from automateiq_core.runtime import Runtime

from automateiq_ocr.proposals.client import ModelClient
from automateiq_ocr.recognition.engine import engine_version
from automateiq_ocr.recognition.pool import WorkerPool
from automateiq_ocr.recognition.service import RecognitionService
from automateiq_ocr.recognition.servicer import RecognitionServicer
from automateiq_ocr.recognition.store import PageStore
from automateiq_ocr.rendering.service import RenderingService
from automateiq_ocr.rendering.servicer import RenderingServicer
from automateiq_ocr.settings import OcrSettings


def wire(runtime: Runtime) -> Wiring:
    """Puts the parts of ai-ocr together; it is healthy once its worker processes are warm."""
    settings = cast(OcrSettings, runtime.settings)
    pages = PageStore(runtime.mongo, kept=timedelta(seconds=settings.ocr_cache_seconds))
    limit = settings.ocr_page_seconds + 30
    memory = settings.ocr_worker_memory_mb << 20
    pool = WorkerPool(settings.ocr_workers, limit_seconds=limit, limit_bytes=memory)
    aside = WorkerPool(1, limit_seconds=limit, limit_bytes=memory)
    # Who looks at pages pays nothing, so a page that never ends holds up nobody who uploads or reads.
    shown = WorkerPool(1, limit_seconds=settings.ocr_render_seconds, limit_bytes=memory)
    model = _model(settings)
    service = RecognitionService(
        pages, pool, aside, settings.options, engine_version(settings.options), model
    )

    async def start() -> None:
        await asyncio.gather(pool.start(), aside.start(), shown.start())

    async def stop() -> None:
        await asyncio.gather(pool.stop(), aside.stop(), shown.stop())
        if model is not None:
            await model.close()

    return Wiring(
        servicers=(
            Servicer(
                add_RecognitionServiceServicer_to_server,
                RecognitionServicer(service),
                "automateiq.ocr.v1.RecognitionService",
            ),
            Servicer(
                add_RenderingServiceServicer_to_server,
                RenderingServicer(RenderingService(shown, settings.options)),
                "automateiq.ocr.v1.RenderingService",
            ),
        ),
        migrate=pages.ensure_indexes,
        start=start,
        stop=stop,
    )


def _model(settings: OcrSettings) -> ModelClient | None:
    if not settings.ocr_model_base_url:
        return None
    return ModelClient(
        settings.ocr_model_base_url,
        settings.ocr_model_api_key.get_secret_value(),
        settings.ocr_model_name,
        seconds=settings.ocr_model_seconds,
    )


SERVICE = Service(name="ocr", settings=OcrSettings, wire=wire)

if __name__ == "__main__":
    main(SERVICE)
