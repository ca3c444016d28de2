// SPDX-License-Identifier: Apache-2.0

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "labels.hpp"
#include "prepare.hpp"

namespace drgan::data {

/// Told now and then how far the work is: pictures done and to do, pictures per second.
using Progress = std::function<void(size_t done, size_t total, double perSecond)>;

/// Prepares all pictures with `threads` workers, each with its own networks. The result does not depend on `threads`.
/// @param folder of labels.csv or of the pictures
/// @param dropped what could not be read or prepared, and why
/// @return one per label, in its order; empty ones were dropped
/// @throws std::runtime_error if a model cannot be loaded
std::vector<Prepared> prepareAll(const std::string& folder, const std::vector<Label>& labels, const Options& options,
                                 int threads, const Progress& progress, std::vector<Dropped>& dropped);

}  // namespace drgan::data
