"""Gen2's name of `persistence.compat.safefileio`."""

from persistence.compat.safefileio import (
    DoNotWrite,
    FileForWriteOnceCompareSame,
    FileForWriteOnceCompareSameFailure,
    SafeFile,
    SafeFilename,
    SafeLockedFileForRead,
    SafeLockedFileForWrite,
    safeMakeDir,
    setFileMode,
)

__all__ = [
    "DoNotWrite",
    "FileForWriteOnceCompareSame",
    "FileForWriteOnceCompareSameFailure",
    "SafeFile",
    "SafeFilename",
    "SafeLockedFileForRead",
    "SafeLockedFileForWrite",
    "safeMakeDir",
    "setFileMode",
]
