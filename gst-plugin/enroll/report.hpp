// SPDX-License-Identifier: Apache-2.0
#ifndef DRGAN_ENROLL_REPORT_HPP
#define DRGAN_ENROLL_REPORT_HPP

#include <string>
#include <vector>

#include "enroll.hpp"

namespace drgan::enroll {

struct Report {
    std::string gallery;  ///< file
    std::string bundle;   ///< id
    int people = 0;       ///< in the gallery
    std::vector<Outcome> outcomes;
    std::vector<enrolment::Aside> aside;  ///< files that could not be read
};

/// Number of people with at least one picture.
size_t enrolled(const Report& report);

std::string asText(const Report& report);
std::string asJson(const Report& report);

}  // namespace drgan::enroll

#endif
