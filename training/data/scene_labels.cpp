// SPDX-License-Identifier: Apache-2.0
#include "scene_labels.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <iterator>
#include <mutex>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <stdexcept>
#include <thread>
#include <utility>

#include "io/files_in.hpp"

namespace drgan::data {

namespace {

constexpr double scales[] = {0.6, 1, 1.7, 2.4};
constexpr float leastScore = 0.3F, overlap = 0.4F;  // of one look
constexpr int mostFaces = 5000;
constexpr double same = 0.5, apart = 0.35;           // IoU: looks at one face; at another one
constexpr double trust = 4;                          // power of the score with which a look counts
constexpr float mostOfOne = 0.8F;                    // score of a face that one look alone found, at most
constexpr float leastKept = 0.5F;                    // score of a face in the table
constexpr float leastWhole = 0.7F;                   // score of a face that others may be parts of
constexpr double mostPart = 0.6, leastInside = 0.5;  // of the whole's area; of the part's
constexpr int leastSide = 32, mostSide = 4096;       // pixels of a look

double iou(const cv::Rect2d& a, const cv::Rect2d& b) { return 1 - cv::jaccardDistance(a, b); }

io::LabelledFace mean(const std::vector<const io::LabelledFace*>& looks) {
    io::LabelledFace result;
    result.score = 0;
    double sum = 0;
    std::array<double, 14> values{};
    for (const io::LabelledFace* look : looks) {
        const double weight = std::pow(static_cast<double>(look->score), trust);
        const double box[] = {look->box.x, look->box.y, look->box.width, look->box.height};
        for (size_t i = 0; i < values.size(); ++i) {
            values[i] += weight * (i < 4 ? box[i] : static_cast<double>(look->landmarks[i - 4]));
        }
        sum += weight;
        result.score = std::max(result.score, look->score);
    }
    result.box = {values[0] / sum, values[1] / sum, values[2] / sum, values[3] / sum};
    std::transform(values.begin() + 4, values.end(), result.landmarks.begin(),
                   [&](double value) { return static_cast<float>(value / sum); });
    return result;
}

/// Leaves out what is a part of a larger face: enlarged, an eye looks like one to YuNet.
void dropParts(std::vector<io::LabelledFace>& faces) {
    const auto isPart = [&](const io::LabelledFace& face) {
        return std::any_of(faces.begin(), faces.end(), [&](const io::LabelledFace& whole) {
            return whole.score >= leastWhole && face.box.area() < mostPart * whole.box.area() &&
                   (face.box & whole.box).area() > leastInside * face.box.area();
        });
    };
    std::vector<io::LabelledFace> kept;
    std::copy_if(faces.begin(), faces.end(), std::back_inserter(kept), [&](const auto& face) { return !isPart(face); });
    faces = std::move(kept);
}

}  // namespace

SceneLabeller::SceneLabeller(const std::string& model) {
    try {
        detector_ = cv::FaceDetectorYN::create(model, "", {320, 320}, leastScore, overlap, mostFaces);
        cv::Mat none;
        detector_->detect(cv::Mat::zeros(320, 320, CV_8UC3), none);
    } catch (const cv::Exception& error) {
        throw std::runtime_error(model + ": no YuNet that this OpenCV can run: " + error.err);
    }
}

void SceneLabeller::look(const cv::Mat& picture, double scale, bool mirrored, std::vector<io::LabelledFace>& found) {
    const cv::Size size(cvRound(picture.cols * scale), cvRound(picture.rows * scale));
    if (std::min(size.width, size.height) < leastSide || std::max(size.width, size.height) > mostSide) {
        return;
    }
    cv::Mat seen, faces;
    cv::resize(picture, seen, size, 0, 0, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
    if (mirrored) {
        cv::flip(seen, seen, 1);
    }
    detector_->setInputSize(size);
    detector_->detect(seen, faces);
    const double backX = static_cast<double>(picture.cols) / size.width;
    const double backY = static_cast<double>(picture.rows) / size.height;
    for (int i = 0; i < faces.rows; ++i) {
        const auto* row = faces.ptr<float>(i);
        if (!cv::checkRange(faces.row(i)) || row[2] <= 0 || row[3] <= 0) {
            continue;
        }
        io::LabelledFace face;
        const double left = mirrored ? size.width - row[0] - row[2] : row[0];
        face.box = {left * backX, row[1] * backY, row[2] * backX, row[3] * backY};
        constexpr int twin[] = {1, 0, 2, 4, 3};
        for (int k = 0; k < 5; ++k) {
            const int from = 4 + 2 * (mirrored ? twin[k] : k);
            // YuNet's pixels have their corner at 0; here, their middle is.
            face.landmarks[2 * k] = static_cast<float>((mirrored ? size.width - row[from] : row[from]) * backX - 0.5);
            face.landmarks[2 * k + 1] = static_cast<float>(row[from + 1] * backY - 0.5);
        }
        face.box -= cv::Point2d(0.5, 0.5);
        face.score = std::min(1.F, row[14]);
        found.push_back(face);
    }
}

std::vector<io::LabelledFace> SceneLabeller::label(const cv::Mat& picture) {
    std::vector<io::LabelledFace> found;
    for (const double scale : scales) {
        for (const bool mirrored : {false, true}) {
            look(picture, scale, mirrored, found);
        }
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
    std::vector<io::LabelledFace> faces;
    std::vector<bool> used(found.size(), false);
    for (size_t i = 0; i < found.size(); ++i) {
        if (used[i]) {
            continue;
        }
        std::vector<const io::LabelledFace*> looks;
        for (size_t k = i; k < found.size(); ++k) {
            const double common = used[k] ? 0 : iou(found[i].box, found[k].box);
            if (common > same) {
                looks.push_back(&found[k]);
            }
            used[k] = used[k] || common > apart;
        }
        io::LabelledFace face = mean(looks);
        face.score = looks.size() == 1 ? std::min(face.score, mostOfOne) : face.score;
        if (face.score >= leastKept) {
            faces.push_back(face);
        }
    }
    dropParts(faces);
    return faces;
}

io::SceneFaces labelScenes(const std::string& folder, const std::string& model, int threads,
                           const std::function<void(size_t, size_t, double)>& progress) {
    const auto files = io::filesIn(folder);
    io::SceneFaces result;
    std::atomic<size_t> next{0};
    std::mutex mutex;  // guards result, done and failure
    size_t done = 0;
    std::exception_ptr failure;
    const auto start = std::chrono::steady_clock::now();
    const auto work = [&] {
        try {
            SceneLabeller labeller(model);
            for (size_t i = next++; i < files.size(); i = next++) {
                const cv::Mat picture = cv::imread(files[i].string());
                std::vector<io::LabelledFace> faces;
                if (!picture.empty()) {
                    faces = labeller.label(picture);
                }
                const std::lock_guard<std::mutex> lock(mutex);
                if (!picture.empty()) {
                    result[files[i].filename().string()] = std::move(faces);
                }
                const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
                ++done;
                progress(done, files.size(), static_cast<double>(done) / std::max(elapsed.count(), 1e-9));
            }
        } catch (...) {
            const std::lock_guard<std::mutex> lock(mutex);
            failure = std::current_exception();
        }
    };
    std::vector<std::thread> workers;
    for (int i = 0; i < threads; ++i) {
        workers.emplace_back(work);
    }
    for (std::thread& worker : workers) {
        worker.join();
    }
    if (failure) {
        std::rethrow_exception(failure);
    }
    if (result.empty()) {
        throw std::runtime_error(folder + ": no picture that can be read");
    }
    return result;
}

}  // namespace drgan::data
