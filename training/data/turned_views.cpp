// SPDX-License-Identifier: Apache-2.0

#include "turned_views.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <opencv2/imgproc.hpp>
#if CV_VERSION_MAJOR >= 5
#include <opencv2/geometry.hpp>  // what imgproc.hpp had of shapes and transforms before
#endif
#include <stdexcept>
#include <utility>

#include "onnx.hpp"

namespace drgan::data {

namespace {

constexpr int meshPoints = 468;
constexpr int meshSide = 192;
constexpr float meshLook = 1.5F;  // the network's square, in face boxes

// Points of MediaPipe's canonical mesh: the face's outline (clockwise from the middle of the forehead), the points
// nearest to the ears, and those that the five landmarks are made of.
constexpr int outline[] = {10,  338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
                           152, 148, 176, 149, 150, 136, 172, 58,  132, 93,  234, 127, 162, 21,  54,  103, 67,  109};
constexpr int rightEar = 234;
constexpr int leftEar = 454;
constexpr int rightEyeCorners[] = {33, 133};
constexpr int leftEyeCorners[] = {362, 263};
constexpr int noseTip = 4;
constexpr int rightMouthCorner = 61;
constexpr int leftMouthCorner = 291;

constexpr int backgroundGrid = 9;       // points a side
constexpr float backgroundDepth = 3;    // behind the ears, in radii of the face: no turned head reaches it
constexpr float backgroundGap = 0.06F;  // around the outermost ring, half of it kept free, in sides of the picture
constexpr float sideStep = 0.35F;       // keeps a turning head in the picture, in radii of the face

cv::Matx22f rotation(float radians) {
    const float c = std::cos(radians);
    const float s = std::sin(radians);
    return {c, s, -s, c};
}

cv::Point2f apply(const cv::Matx22f& matrix, cv::Point2f p) {
    return {matrix(0, 0) * p.x + matrix(0, 1) * p.y, matrix(1, 0) * p.x + matrix(1, 1) * p.y};
}

// Draws where each pixel of the turned picture comes from, the nearest surface in front.
class MapRaster {
public:
    explicit MapRaster(cv::Size size) : source(size, CV_32FC2), depth_(size, CV_32F) {
        depth_.setTo(std::numeric_limits<float>::max());
    }

    void triangle(const cv::Point3f (&p)[3], const cv::Point2f (&from)[3]) {
        const float area = (p[1].x - p[0].x) * (p[2].y - p[0].y) - (p[2].x - p[0].x) * (p[1].y - p[0].y);
        if (std::abs(area) < 1e-6F) {
            return;
        }
        const auto [left, right] = std::minmax({p[0].x, p[1].x, p[2].x});
        const auto [top, bottom] = std::minmax({p[0].y, p[1].y, p[2].y});
        const int x0 = std::max(0, static_cast<int>(std::ceil(left)));
        const int x1 = std::min(source.cols - 1, static_cast<int>(std::floor(right)));
        const int y0 = std::max(0, static_cast<int>(std::ceil(top)));
        const int y1 = std::min(source.rows - 1, static_cast<int>(std::floor(bottom)));
        constexpr float slack = -1e-4F;  // so that no seam opens between neighbours
        for (int y = y0; y <= y1; ++y) {
            auto* map = source.ptr<cv::Vec2f>(y);
            auto* depth = depth_.ptr<float>(y);
            const auto fy = static_cast<float>(y);
            for (int x = x0; x <= x1; ++x) {
                const auto fx = static_cast<float>(x);
                const float a = ((p[1].x - fx) * (p[2].y - fy) - (p[2].x - fx) * (p[1].y - fy)) / area;
                const float b = ((p[2].x - fx) * (p[0].y - fy) - (p[0].x - fx) * (p[2].y - fy)) / area;
                const float c = 1 - a - b;
                if (a < slack || b < slack || c < slack) {
                    continue;
                }
                const float z = a * p[0].z + b * p[1].z + c * p[2].z;
                if (z < depth[x]) {
                    depth[x] = z;
                    const cv::Point2f q = a * from[0] + b * from[1] + c * from[2];
                    map[x] = {q.x, q.y};
                }
            }
        }
    }

    cv::Mat source;  // CV_32FC2

private:
    cv::Mat depth_;
};

}  // namespace

FaceMesher::FaceMesher(const std::string& model) {
    try {
        net_ = readOnnx(model);
    } catch (const cv::Exception& error) {
        throw std::runtime_error(model + ": cannot load the face mesh: " + error.what());
    }
}

FaceMesh FaceMesher::find(const cv::Mat& picture, cv::Point2f center, float boxSide, float roll) {
    const float scale = meshSide / (meshLook * boxSide);
    const cv::Matx22f turn = rotation(roll);
    const cv::Point2f at = apply(turn, center) * scale;
    const cv::Matx23f warp(turn(0, 0) * scale, turn(0, 1) * scale, meshSide / 2.F - at.x,  //
                           turn(1, 0) * scale, turn(1, 1) * scale, meshSide / 2.F - at.y);
    cv::Mat level;
    cv::warpAffine(picture, level, warp, {meshSide, meshSide}, cv::INTER_LINEAR, cv::BORDER_REPLICATE);
    net_.setInput(cv::dnn::blobFromImage(level, 1 / 255.0, cv::Size(), cv::Scalar(), true));
    std::vector<cv::Mat> outputs;
    net_.forward(outputs, std::vector<cv::String>{"mesh", "face"});
    if (outputs[0].total() != meshPoints * 3 || outputs[1].total() != 1) {
        throw std::runtime_error("the face mesh gave " + std::to_string(outputs[0].total()) +
                                 " numbers, expected 1404");
    }
    const auto* values = outputs[0].ptr<cv::Point3f>();
    const cv::Matx22f back = rotation(-roll);
    FaceMesh mesh;
    for (int i = 0; i < meshPoints; ++i) {
        const cv::Point2f fromCenter(values[i].x - meshSide / 2.F, values[i].y - meshSide / 2.F);
        const cv::Point2f p = apply(back, fromCenter) / scale + center;
        mesh.points.emplace_back(p.x, p.y, values[i].z / scale);
    }
    mesh.score = outputs[1].ptr<float>()[0];
    return mesh;
}

/// A copy of the face's outline, drawn larger around it.
struct Relief::Ring {
    float scale;   ///< of the outline
    float behind;  ///< how far the lower part lies behind, in radii; the skull keeps the upper part near
    float ears;    ///< how far the depth has gone from the outline's own to the ears'
    float follow;  ///< share of the turn
};

Relief::Relief(const cv::Mat& picture, const FaceMesh& mesh, float roll) : picture_(picture), level_(rotation(roll)) {
    if (picture.empty() || picture.type() != CV_8UC3 || mesh.points.size() != meshPoints) {
        throw std::runtime_error("turning needs a BGR picture and a mesh of 468 points");
    }
    const auto side = static_cast<float>(std::max(picture.cols, picture.rows));
    for (const cv::Point3f& p : mesh.points) {
        // Written so that NaN fails too.
        if (!(p.x > -side && p.x < 2 * side && p.y > -side && p.y < 2 * side && std::abs(p.z) < 2 * side)) {
            throw std::runtime_error("the mesh leaves the picture");
        }
    }
    std::vector<cv::Point3f> oval;
    cv::Point3f middle(0, 0, 0);
    for (const int i : outline) {
        oval.push_back(mesh.points[i]);
        middle += mesh.points[i] * (1.F / std::size(outline));
    }
    axis_ = {middle.x, middle.y, (mesh.points[rightEar].z + mesh.points[leftEar].z) / 2};
    for (const cv::Point3f& p : oval) {
        radius_ += std::hypot(p.x - middle.x, p.y - middle.y) / std::size(outline);
    }
    if (radius_ < 4) {
        throw std::runtime_error("the mesh is too small to turn");
    }
    for (const cv::Point3f& p : mesh.points) {
        const cv::Point2f u = apply(level_, {p.x - axis_.x, p.y - axis_.y});
        source_.emplace_back(p.x, p.y);
        upright_.emplace_back(u.x, u.y, p.z - axis_.z);
        follow_.push_back(1);
    }
    for (const Ring& ring :
         {Ring{1.10F, 0.15F, 0.25F, 1.F}, Ring{1.25F, 0.45F, 0.625F, 0.9F}, Ring{1.50F, 0.90F, 1.F, 0.45F}}) {
        addRing(ring, oval);
    }
    addBackground();
    triangulate();
}

void Relief::addRing(const Ring& ring, const std::vector<cv::Point3f>& oval) {
    constexpr float lowerShare = 0.8F;  // of the way to the ears' depth: the neck stays a little nearer
    for (const cv::Point3f& p : oval) {
        const cv::Point2f out((p.x - axis_.x) * ring.scale, (p.y - axis_.y) * ring.scale);
        const cv::Point2f u = apply(level_, out);
        const float up = std::clamp(-u.y / ring.scale / radius_, 0.F, 1.F);
        const float z = p.z - axis_.z;
        const float toEars = ring.ears * (u.y < 0 ? 1.F : lowerShare);
        source_.emplace_back(axis_.x + out.x, axis_.y + out.y);
        upright_.emplace_back(u.x, u.y, z * (1 - toEars) + ring.behind * radius_ * (1 - up));
        follow_.push_back(ring.follow);
    }
}

void Relief::addBackground() {
    std::vector<cv::Point2f> hull;
    cv::convexHull(std::vector<cv::Point2f>(source_.end() - std::size(outline), source_.end()), hull);
    // The frame lies around the head, beyond a tight picture's borders: a border that shows the head would stay behind
    // as it turns.
    const float gap = backgroundGap * static_cast<float>(std::max(picture_.cols, picture_.rows));
    const cv::Rect2f around = cv::boundingRect(hull);
    const cv::Rect2f frame =
        cv::Rect2f(0, 0, static_cast<float>(picture_.cols - 1), static_cast<float>(picture_.rows - 1)) |
        cv::Rect2f(around.x - gap, around.y - gap, around.width + 2 * gap, around.height + 2 * gap);
    for (int row = 0; row < backgroundGrid; ++row) {
        for (int column = 0; column < backgroundGrid; ++column) {
            const cv::Point2f p(frame.x + frame.width * static_cast<float>(column) / (backgroundGrid - 1),
                                frame.y + frame.height * static_cast<float>(row) / (backgroundGrid - 1));
            if (cv::pointPolygonTest(hull, p, true) < -gap / 2) {
                const cv::Point2f u = apply(level_, {p.x - axis_.x, p.y - axis_.y});
                source_.push_back(p);
                upright_.emplace_back(u.x, u.y, backgroundDepth * radius_);
                follow_.push_back(0);
            }
        }
    }
}

void Relief::triangulate() {
    const cv::Rect bounds = cv::boundingRect(source_);
    cv::Subdiv2D subdivision(cv::Rect(bounds.x - 8, bounds.y - 8, bounds.width + 16, bounds.height + 16));
    std::map<std::pair<float, float>, int> indices;
    for (size_t i = 0; i < source_.size(); ++i) {
        subdivision.insert(source_[i]);
        indices.emplace(std::make_pair(source_[i].x, source_[i].y), static_cast<int>(i));
    }
    std::vector<cv::Vec6f> corners;
    subdivision.getTriangleList(corners);
    for (const cv::Vec6f& c : corners) {
        cv::Vec3i triangle;
        bool known = true;
        for (int k = 0; k < 3; ++k) {
            const auto found = indices.find({c[2 * k], c[2 * k + 1]});
            known = known && found != indices.end();  // the subdivision's own outermost corners are not ours
            triangle[k] = known ? found->second : -1;
        }
        if (known) {
            triangles_.push_back(triangle);
        }
    }
}

TurnedFace Relief::turn(float degrees) const {
    if (!(std::abs(degrees) <= 90)) {
        throw std::runtime_error("a turn of " + std::to_string(degrees) + " degrees, expected -90..90");
    }
    constexpr float supersample = 2;
    const auto full = static_cast<float>(degrees * CV_PI / 180);
    const cv::Matx22f back = level_.t();
    const float step = sideStep * radius_ * std::sin(full);
    std::vector<cv::Point3f> turned;
    for (size_t i = 0; i < upright_.size(); ++i) {
        const cv::Point3f& p = upright_[i];
        const float c = std::cos(full * follow_[i]);
        const float s = std::sin(full * follow_[i]);
        const cv::Point2f q = apply(back, {p.x * c - p.z * s - step * follow_[i], p.y});
        turned.emplace_back(q.x + axis_.x, q.y + axis_.y, p.x * s + p.z * c);
    }
    // Pixel (x, y) of the large map is the point ((x + 0.5) / 2 - 0.5, ...) of the picture.
    MapRaster raster(picture_.size() * static_cast<int>(supersample));
    for (int y = 0; y < raster.source.rows; ++y) {
        for (int x = 0; x < raster.source.cols; ++x) {  // what no triangle covers stays as it is
            raster.source.at<cv::Vec2f>(y, x) = {(static_cast<float>(x) + 0.5F) / supersample - 0.5F,
                                                 (static_cast<float>(y) + 0.5F) / supersample - 0.5F};
        }
    }
    for (const cv::Vec3i& t : triangles_) {
        cv::Point3f p[3];
        for (int k = 0; k < 3; ++k) {
            const cv::Point3f& v = turned[t[k]];
            p[k] = {(v.x + 0.5F) * supersample - 0.5F, (v.y + 0.5F) * supersample - 0.5F, v.z};
        }
        raster.triangle(p, {source_[t[0]], source_[t[1]], source_[t[2]]});
    }
    cv::Mat large;
    cv::remap(picture_, large, raster.source, cv::noArray(), cv::INTER_CUBIC, cv::BORDER_REPLICATE);
    TurnedFace face;
    cv::resize(large, face.picture, picture_.size(), 0, 0, cv::INTER_AREA);
    const auto at = [&](int i) { return cv::Point2f(turned[i].x, turned[i].y); };
    face.landmarks = {(at(rightEyeCorners[0]) + at(rightEyeCorners[1])) * 0.5F,
                      (at(leftEyeCorners[0]) + at(leftEyeCorners[1])) * 0.5F, at(noseTip), at(rightMouthCorner),
                      at(leftMouthCorner)};
    return face;
}

}  // namespace drgan::data
