"""How static files are named."""

from whitenoise.storage import CompressedManifestStaticFilesStorage


class HashedStaticFilesStorage(CompressedManifestStaticFilesStorage):
    """Names with a content hash, in the `import` lines of ES modules too."""

    support_js_module_import_aggregation = True
