// SPDX-License-Identifier: Apache-2.0

#include "meshes.hpp"

#include <spdlog/fmt/fmt.h>

#include <algorithm>
#include <cmath>
#include <opencv2/drgan/face_geometry.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>

#include "data/turned_views.hpp"
#include "io/face_set.hpp"

namespace drgan::eval {

namespace {

cv::Point3f middle(const cv::Point3f* mesh, const int (&corners)[2]) {
    return (mesh[corners[0]] + mesh[corners[1]]) * 0.5F;
}

void add(MeshErrors& to, const cv::Point3f* truth, const data::FaceMesh& found) {
    double points = 0, depth = 0;
    for (size_t i = 0; i < io::meshPoints; ++i) {
        const cv::Point3f apart = found.points[i] - truth[i];
        points += std::hypot(apart.x, apart.y);
        depth += std::abs(apart.z);
    }
    const double unit =
        io::meshPoints * cv::norm(middle(truth, io::rightEyeCorners) - middle(truth, io::leftEyeCorners));
    ++to.faces;
    to.points += points / unit;
    to.depth += depth / unit;
    to.score += found.score;
}

}  // namespace

std::vector<MeshErrors> measureMesh(const std::string& model, const std::string& faces, const std::string& split) {
    const io::FaceSet set(faces);
    data::FaceMesher mesher(model);
    std::vector<MeshErrors> rows{{0, 15}, {15, 45}, {45, 90}};
    cv::Mat rgb(set.imageSize(), set.imageSize(), CV_8UC3), picture;
    for (size_t row = 0; row < set.size(); ++row) {
        if (!set.hasMesh(row) || (split != "all" && (set.split()[row] == 1) != (split == "dev"))) {
            continue;
        }
        set.decode(row, rgb.data);
        cv::cvtColor(rgb, picture, cv::COLOR_RGB2BGR);
        const float* p = set.landmarks().data() + 10 * row;
        const cv::drgan::FaceSquare box =
            cv::drgan::faceSquare(cv::Point2d(p[0] + p[2], p[1] + p[3]) / 2, cv::Point2d(p[6] + p[8], p[7] + p[9]) / 2);
        const data::FaceMesh found = mesher.find(picture, box.center, static_cast<float>(box.side), 0);
        const double yaw = std::abs(set.yaw()[row]);
        MeshErrors& errors = *std::find_if(rows.begin(), rows.end() - 1, [&](const auto& r) { return yaw < r.to; });
        add(errors, reinterpret_cast<const cv::Point3f*>(set.mesh().data()) + io::meshPoints * row, found);
    }
    rows.erase(std::remove_if(rows.begin(), rows.end(), [](const auto& r) { return r.faces == 0; }), rows.end());
    if (rows.empty()) {
        throw std::runtime_error(faces + ": no face of the split '" + split +
                                 "' has a mesh (drgan-data stores them with --store-mesh)");
    }
    for (MeshErrors& r : rows) {
        const auto n = static_cast<double>(r.faces);
        r.points /= n;
        r.depth /= n;
        r.score /= n;
    }
    return rows;
}

std::string table(const std::vector<MeshErrors>& rows) {
    std::string text = "|yaw|             faces    points   depth  face score\n";
    for (const MeshErrors& r : rows) {
        text += fmt::format("{:3.0f} - {:3.0f} deg {:10} {:8.2f}% {:6.2f}% {:11.3f}\n", r.from, r.to, r.faces,
                            100 * r.points, 100 * r.depth, r.score);
    }
    return text;
}

nlohmann::json report(const std::vector<MeshErrors>& rows) {
    nlohmann::json list = nlohmann::json::array();
    for (const MeshErrors& r : rows) {
        list.push_back({{"from", r.from},
                        {"to", r.to},
                        {"faces", r.faces},
                        {"points", r.points},
                        {"depth", r.depth},
                        {"score", r.score}});
    }
    return list;
}

}  // namespace drgan::eval
