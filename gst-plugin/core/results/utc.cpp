// SPDX-License-Identifier: Apache-2.0
#include "utc.hpp"

#include <array>
#include <cstdio>
#include <ctime>

namespace drgan {

std::string utcText(std::uint64_t utc) {
    constexpr std::uint64_t second = 1000000000;
    const auto seconds = static_cast<std::time_t>(utc / second);
    std::tm parts{};
    gmtime_r(&seconds, &parts);
    std::array<char, 32> text{};
    const size_t length = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%S", &parts);
    std::snprintf(text.data() + length, text.size() - length, ".%03uZ", static_cast<unsigned>(utc % second / 1000000));
    return text.data();
}

}  // namespace drgan
