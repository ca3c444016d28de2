// SPDX-License-Identifier: Apache-2.0
//
// Instead of gallery_database.cpp where libpq is missing.
#include <stdexcept>

#include "gallery_commands.hpp"

namespace drgan::tools {
namespace {

[[noreturn]] int refuse() {
    throw std::runtime_error("there is no PostgreSQL: libpq (Debian: libpq-dev) was not found when this was built");
}

}  // namespace

int pushGallery(const GalleryArguments& /*arguments*/) { refuse(); }
int pullGallery(const GalleryArguments& /*arguments*/) { refuse(); }
int watchGallery(const GalleryArguments& /*arguments*/) { refuse(); }
int removeFromDatabase(const GalleryArguments& /*arguments*/) { refuse(); }
bool isDatabaseAddress(const std::string& /*gallery*/) { return false; }

}  // namespace drgan::tools
