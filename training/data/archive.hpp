// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "labels.hpp"

namespace drgan::data {

/// Takes one picture: the row of `labels` that it belongs to and the bytes of its file. Returning false ends the run.
using PictureSink = std::function<bool(size_t row, std::vector<uint8_t> bytes)>;

/// Reads the pictures that `labels` names, archive by archive, each front to back (a tar has no index), and hands them
/// on. Pictures that are not there, whose archive is unreadable or which are larger than 64 MiB go to `dropped`.
/// @param folder of labels.csv
void readPictures(const std::string& folder, const std::vector<Label>& labels, const PictureSink& sink,
                  std::vector<Dropped>& dropped);

}  // namespace drgan::data
