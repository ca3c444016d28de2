// SPDX-License-Identifier: Apache-2.0

#include "fiducials.hpp"

#include <spdlog/fmt/fmt.h>
#include <spdlog/spdlog.h>

#include <filesystem>

#include "../data/layouts.hpp"

namespace drgan::eval {

namespace {

namespace fs = std::filesystem;

constexpr int landmarkColumn = 4, rowColumns = 15;

cv::Point2f point(const cv::Mat& row, int i) {
    const float* p = row.ptr<float>() + landmarkColumn + 2 * i;
    return {p[0], p[1]};
}

/// Data/Images/NNN/KIND/MM.jpg -> Data/Fiducials/NNN/KIND/MM.txt
fs::path fiducialsOf(const fs::path& picture) {
    const fs::path kind = picture.parent_path(), person = kind.parent_path();
    return person.parent_path().parent_path() / "Fiducials" / person.filename() / kind.filename() /
           picture.stem().concat(".txt");
}

void add(FiducialErrors& to, const data::Fiducials& fiducials, const cv::Mat& row) {
    const auto& m = fiducials.landmarks;
    const double unit = cv::norm((m[3] + m[4]) / 2 - (m[0] + m[1]) / 2);
    const int eye = fiducials.rightSide ? 0 : 1, mouth = fiducials.rightSide ? 3 : 4;
    const auto off = [&](int i) { return cv::norm(point(row, i) - m[static_cast<size_t>(i)]) / unit; };
    ++to.faces;
    to.eye += off(eye);
    to.nose += off(2);
    to.mouth += off(mouth);
}

}  // namespace

std::vector<FiducialErrors> againstFiducials(const Faces& faces) {
    FiducialErrors sums[2];
    sums[1].profile = true;
    for (const auto& [name, face] : faces.all()) {
        const fs::path fiducials = fiducialsOf(name);
        if (!face.found || face.place.cols < rowColumns || !fs::exists(fiducials)) {
            continue;
        }
        FiducialErrors& sum = sums[fs::path(name).parent_path().filename() == "profile"];
        try {
            add(sum, data::readFiducials(fiducials.string(), sum.profile), face.place);
        } catch (const std::exception& error) {
            spdlog::warn("not measured: {}", error.what());
        }
    }
    std::vector<FiducialErrors> rows;
    for (FiducialErrors sum : sums) {
        if (sum.faces > 0) {
            const auto n = static_cast<double>(sum.faces);
            sum.eye /= n;
            sum.nose /= n;
            sum.mouth /= n;
            rows.push_back(sum);
        }
    }
    return rows;
}

std::string table(const std::vector<FiducialErrors>& rows) {
    std::string text = "pictures    faces      eye     nose    mouth     mean\n";
    for (const FiducialErrors& r : rows) {
        text += fmt::format("{:8} {:8} {:7.2f}% {:7.2f}% {:7.2f}% {:7.2f}%\n", r.profile ? "profile" : "frontal",
                            r.faces, 100 * r.eye, 100 * r.nose, 100 * r.mouth, 100 * (r.eye + r.nose + r.mouth) / 3);
    }
    return text;
}

nlohmann::json report(const std::vector<FiducialErrors>& rows) {
    nlohmann::json list = nlohmann::json::array();
    for (const FiducialErrors& r : rows) {
        list.push_back({{"pictures", r.profile ? "profile" : "frontal"},
                        {"faces", r.faces},
                        {"eye", r.eye},
                        {"nose", r.nose},
                        {"mouth", r.mouth}});
    }
    return list;
}

}  // namespace drgan::eval
