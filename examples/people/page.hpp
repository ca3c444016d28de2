// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_EXAMPLES_PEOPLE_PAGE_HPP
#define DRGAN_EXAMPLES_PEOPLE_PAGE_HPP

#include <string>

namespace drgan::people {

/// page.html.
std::string page();

}  // namespace drgan::people

#endif
