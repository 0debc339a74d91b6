"""Readers of foreign bytes, in a process of their own.

Libraries that read workbooks, PDFs and pictures are native code, or grow with what a file claims: one damaged file can
end the process that reads it. So they run in a child, with limits of memory, time and output, which sees bytes and no
path: what it asks of the file, this side reads for it. Its death is that file's problem, and nobody else's.

A child starts when one is first needed, stays warm, and ends after some idle minutes or with the agent.
"""

from agent.worker.limits import Limits
from agent.worker.pool import Workers, shared
from agent.worker.process import FileHarms, NoWorker, ReaderFailed

__all__ = ["FileHarms", "Limits", "NoWorker", "ReaderFailed", "Workers", "shared"]
