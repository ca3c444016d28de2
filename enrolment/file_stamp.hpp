// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLMENT_FILE_STAMP_HPP
#define DRGAN_ENROLMENT_FILE_STAMP_HPP

#include <string>

namespace drgan::enrolment {

/// Identifies a version of a file; empty if there is no file. A file that is replaced gets another inode or ctime, one
/// that is written in place another mtime and ctime. Only a write in place that keeps the size and comes within the
/// file system's time resolution (milliseconds) of the previous change is not noticed.
std::string fileStamp(const std::string& path);

}  // namespace drgan::enrolment

#endif
