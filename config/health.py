"""Probes for whoever keeps the site running. They need a Host header that ALLOWED_HOSTS names."""

from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

# Migrations only ever go from unapplied to applied under a running process, so one good answer is kept.
_migrated = False


@require_safe
@never_cache
def healthz(request: HttpRequest) -> HttpResponse:
    """200 while this process answers; touches nothing else."""
    return HttpResponse("ok", content_type="text/plain")


@require_safe
@never_cache
def readyz(request: HttpRequest) -> JsonResponse:
    """200 when the database answers and every migration is applied, else 503 and which of the two it is."""
    try:
        ready = _database_migrated()
    except DatabaseError:
        return JsonResponse({"database": "unreachable"}, status=503)
    if not ready:
        return JsonResponse({"database": "ok", "migrations": "unapplied"}, status=503)
    return JsonResponse({"database": "ok", "migrations": "applied"})


def _database_migrated() -> bool:
    global _migrated
    if _migrated:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        return True
    executor = MigrationExecutor(connection)
    _migrated = not executor.migration_plan(executor.loader.graph.leaf_nodes())
    return _migrated
