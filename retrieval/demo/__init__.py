"""The demo corpus: made-up people, drawn and spoken by this project. Imports no Django.

`make_demo_corpus` is the whole interface. From transcript to file: transcripts and casting say who tells what and who
answers how; people and expressions say what they look like; motion moves them; faces, painting and encoding make the
pictures; voices has a separate program speak.
"""

from retrieval.demo.corpus import DemoCorpus, FolderInUse, make_demo_corpus

__all__ = ["DemoCorpus", "FolderInUse", "make_demo_corpus"]
