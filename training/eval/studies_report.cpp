// SPDX-License-Identifier: Apache-2.0

#include <spdlog/fmt/fmt.h>

#include "studies.hpp"

namespace drgan::eval {

std::string table(const std::vector<YawDifference>& rows) {
    std::string text = "yaw difference   same pairs  different  accuracy     EER\n";
    for (const YawDifference& r : rows) {
        text += fmt::format("{:6.0f} - {:3.0f} deg {:12} {:10} {:8.2f}% {:6.2f}%\n", r.from, r.to, r.same, r.different,
                            100 * r.accuracy, 100 * r.eer);
    }
    return text;
}

std::string table(const std::vector<Confidence>& rows) {
    std::string text = "|yaw|          pictures  confidence (deviation)  blurred  small\n";
    for (const Confidence& r : rows) {
        text += fmt::format("{:3.0f} - {:3.0f} deg {:10} {:11.3f} {:11.3f} {:8.3f} {:6.3f}\n", r.from, r.to, r.pictures,
                            r.mean, r.deviation, r.blurred, r.small);
    }
    return text;
}

nlohmann::json report(const std::vector<YawDifference>& rows) {
    nlohmann::json list = nlohmann::json::array();
    for (const YawDifference& r : rows) {
        list.push_back({{"from", r.from},
                        {"to", r.to},
                        {"same", r.same},
                        {"different", r.different},
                        {"accuracy", r.accuracy},
                        {"eer", r.eer}});
    }
    return list;
}

nlohmann::json report(const std::vector<Confidence>& rows) {
    nlohmann::json list = nlohmann::json::array();
    for (const Confidence& r : rows) {
        list.push_back({{"from", r.from},
                        {"to", r.to},
                        {"pictures", r.pictures},
                        {"mean", r.mean},
                        {"deviation", r.deviation},
                        {"blurred", r.blurred},
                        {"small", r.small}});
    }
    return list;
}

}  // namespace drgan::eval
