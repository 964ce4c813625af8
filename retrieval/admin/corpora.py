"""Corpora, people, and clips with a preview. Clips come in by import and stay as they are."""

from pathlib import Path

from django.conf import settings
from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html

from retrieval.models import Clip, Corpus, Person
from retrieval.streaming import ranged_file

from .readonly import ReadOnlyAdmin


@admin.register(Corpus)
class CorpusAdmin(ReadOnlyAdmin):
    list_display = ["key", "title", "speakers", "listeners", "licence", "permitted_uses"]
    search_fields = ["key", "title"]

    @admin.display
    def speakers(self, corpus: Corpus) -> int:
        return corpus.clips.filter(role="speaker").count()

    @admin.display
    def listeners(self, corpus: Corpus) -> int:
        return corpus.clips.filter(role="listener").count()


@admin.register(Person)
class PersonAdmin(ReadOnlyAdmin):
    list_display = ["key", "corpus", "permitted_uses", "taken_down_at"]
    list_filter = ["corpus"]
    search_fields = ["key"]


@admin.register(Clip)
class ClipAdmin(ReadOnlyAdmin):
    list_display = ["key", "corpus", "role", "person", "length", "size", "has_audio", "split"]
    list_filter = ["corpus", "role", "split"]
    list_select_related = ["corpus", "person"]
    search_fields = ["key", "transcript"]
    fields = [
        "preview", "key", "corpus", "role", "person", "partner", "transcript", "split", "length", "size", "fps",
        "has_audio", "licence", "sha256", "imported_at",
    ]  # fmt: skip

    @admin.display(ordering="length_s")
    def length(self, clip: Clip) -> str:
        return f"{clip.length_s:.2f} s"

    @admin.display(ordering="width")
    def size(self, clip: Clip) -> str:
        return f"{clip.width} × {clip.height}"

    @admin.display
    def preview(self, clip: Clip) -> str:
        if is_taken_down(clip):
            return "This person was taken down: the video is not shown."
        return format_html(
            '<video controls preload="metadata" width="320" src="{}" aria-label="{}"></video>',
            reverse("admin:retrieval_clip_video", args=[clip.pk]),
            f"Clip {clip.key}",
        )

    def get_urls(self) -> list[URLPattern]:
        video = path("<int:pk>/video/", self.admin_site.admin_view(self.video), name="retrieval_clip_video")
        return [video, *super().get_urls()]

    def video(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        if not self.has_view_permission(request):
            raise PermissionDenied
        clip = Clip.objects.filter(pk=pk).first()
        if clip is None or is_taken_down(clip):
            raise Http404
        return ranged_file(request, Path(settings.MEDIA_ROOT) / clip.file)


def is_taken_down(clip: Clip) -> bool:
    return clip.person is not None and clip.person.taken_down_at is not None
