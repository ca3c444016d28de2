// SPDX-License-Identifier: Apache-2.0
//
// Measures detection rate, false detections and speed of a bundle's detector, compared with OpenCV's cascades; on
// photographs with true boxes its average precision, compared with YuNet's and theirs.

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <exception>
#include <functional>
#include <opencv2/core/utility.hpp>
#include <opencv2/drgan.hpp>
#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>
#include <opencv2/videoio.hpp>
#include <set>
#include <string>
#include <vector>

#include "detection_scenes.hpp"

namespace {

using cv::Mat;

constexpr const char* keys =
    "{help h    | | }"
    "{@detector | | detector.onnx}"
    "{aligner   | | aligner.onnx of the same bundle: confirms each detection}"
    "{yunet     | | YuNet model: gives the true face of each portrait; compared on scenes}"
    "{scenes    | | folder of photographs with true boxes}"
    "{faces     | | table of the true boxes: file, x, y, w, h; default: faces.csv in the folder}"
    "{cfp       | | CFP's folder Data/Images, or one like it: PERSON/frontal/*.jpg and PERSON/profile/*.jpg}"
    "{from      |351| number of the first of its folders}"
    "{photos    | | folder of photographs without faces}"
    "{video     | | a clip that shows a face in every frame}"
    "{score     |0.5| smallest score of the detector}"
    "{sure      |0.5| smallest score of the aligner}"
    "{limit     |640| longer side of the detector's input, pixels}"
    "{cascades  | | measure OpenCV's cascades too}";

/// A detector: takes a picture, returns rows whose first four values are a box.
using Detect = std::function<Mat(const Mat&)>;

cv::Rect2f boxOf(const Mat& rows, int i) {
    const auto* r = rows.ptr<float>(i);
    return {r[0], r[1], r[2], r[3]};
}

/// Whether a detection matches a face: their IoU is large, or they have similar centres and sizes, because detectors
/// use different boxes for profiles.
bool isOf(const cv::Rect2f& detection, const cv::Rect2f& face) {
    const cv::Point2f middle(detection.x + detection.width / 2, detection.y + detection.height / 2);
    const float ratio = detection.height / face.height;
    return 1 - cv::jaccardDistance(detection, face) > 0.4 || (face.contains(middle) && ratio > 0.5F && ratio < 2);
}

/// OpenCV's cascades for frontal faces, profiles and mirrored profiles, as a replacement for the detector.
class Cascades {
public:
    Mat find(const Mat& picture) {
        const double scale = std::min(1.0, 480.0 / std::max(picture.cols, picture.rows));
        // Their window must be inside the picture, and portraits are cropped closely.
        const int x = picture.cols / 5, y = picture.rows / 5;
        Mat grey, mirrored;
        cv::copyMakeBorder(picture, grey, y, y, x, x, cv::BORDER_REPLICATE);
        cv::resize(grey, grey, cv::Size(), scale, scale, cv::INTER_AREA);
        cv::cvtColor(grey, grey, cv::COLOR_BGR2GRAY);
        cv::equalizeHist(grey, grey);
        cv::flip(grey, mirrored, 1);
        std::vector<cv::Rect> all;
        add(frontal_, grey, false, all);
        add(profile_, grey, false, all);
        add(profile_, mirrored, true, all);
        Mat rows;
        for (const cv::Rect& box : all) {
            rows.push_back(Mat(row(box) / scale - row({x, y, 0, 0})));
        }
        return rows;
    }

private:
    static cv::Mat_<float> row(const cv::Rect& box) {
        return (cv::Mat_<float>(1, 4) << box.x, box.y, box.width, box.height);
    }

    static void add(cv::CascadeClassifier& cascade, const Mat& grey, bool mirrored, std::vector<cv::Rect>& all) {
        std::vector<cv::Rect> boxes;
        cascade.detectMultiScale(grey, boxes, 1.15, 4, 0, cv::Size(24, 24));
        for (cv::Rect box : boxes) {
            box.x = mirrored ? grey.cols - box.x - box.width : box.x;
            if (std::none_of(all.begin(), all.end(), [&](const cv::Rect& known) {
                    return (known & box).area() > 0.4 * std::min(known.area(), box.area());
                })) {
                all.push_back(box);
            }
        }
    }

    cv::CascadeClassifier frontal_{DRGAN_CASCADES "/haarcascade_frontalface_alt2.xml"},
        profile_{DRGAN_CASCADES "/haarcascade_profileface.xml"};
};

/// The frontal cascade alone, with scores: a precision over a recall wants them.
class ScoredCascade {
public:
    Mat find(const Mat& picture) {
        Mat grey;
        cv::cvtColor(picture, grey, cv::COLOR_BGR2GRAY);
        std::vector<cv::Rect> boxes;
        std::vector<int> levels;
        std::vector<double> weights;
        cascade_.detectMultiScale(grey, boxes, levels, weights, 1.1, 3, 0, cv::Size(12, 12), cv::Size(), true);
        Mat rows;
        for (size_t i = 0; i < boxes.size(); ++i) {
            const cv::Rect& b = boxes[i];
            const auto score = static_cast<float>(levels[i] + 0.01 * weights[i]);
            const float row[] = {static_cast<float>(b.x), static_cast<float>(b.y), static_cast<float>(b.width),
                                 static_cast<float>(b.height), score};
            rows.push_back(Mat(1, 5, CV_32F, const_cast<float*>(row)).clone());
        }
        return rows;
    }

private:
    cv::CascadeClassifier cascade_{DRGAN_CASCADES "/haarcascade_frontalface_default.xml"};
};

void measureScenes(const cv::CommandLineParser& args) {
    constexpr float any = 0.02F, overlap = 0.3F;
    constexpr float yunetUsual = 0.6F;
    constexpr int most = 5000;
    std::vector<drgan::bench::SceneDetector> detectors;
    const auto detector = cv::drgan::Detector::create(args.get<cv::String>("@detector"));
    const float usual = detector->getScoreThreshold();
    const auto prepare = [](cv::drgan::Detector& d, const Mat& picture, float least) {
        d.setScoreThreshold(least);
        d.setMaxSide(std::max({32, picture.cols, picture.rows}));
    };
    detectors.push_back({"detector",
                         [&](const Mat& picture, float least) {
                             Mat faces;
                             prepare(*detector, picture, least);
                             detector->detect(picture, faces);
                             return faces;
                         },
                         any, usual});
    const auto under = cv::drgan::Detector::create(args.get<cv::String>("@detector"));
    cv::Ptr<cv::drgan::FaceFinder> finder;
    if (args.has("aligner")) {
        finder =
            cv::drgan::FaceFinder::createFromModels(under, cv::drgan::Aligner::create(args.get<cv::String>("aligner")));
        detectors.push_back({"FaceFinder",
                             [&](const Mat& picture, float least) {
                                 Mat faces;
                                 prepare(*under, picture, least);
                                 finder->find(picture, faces);
                                 return faces;
                             },
                             usual, usual});
    }
    cv::Ptr<cv::FaceDetectorYN> yunet;
    if (args.has("yunet")) {
        yunet = cv::FaceDetectorYN::create(args.get<cv::String>("yunet"), "", {320, 320}, any, overlap, most);
        detectors.push_back({"YuNet",
                             [&](const Mat& picture, float least) {
                                 Mat faces;
                                 yunet->setScoreThreshold(least);
                                 yunet->setInputSize(picture.size());
                                 yunet->detect(picture, faces);
                                 return faces;
                             },
                             any, yunetUsual});
    }
    ScoredCascade cascade;
    if (args.has("cascades")) {
        detectors.push_back({"frontal cascade", [&](const Mat& picture, float) { return cascade.find(picture); }});
    }
    const auto folder = args.get<cv::String>("scenes");
    drgan::bench::compareOnScenes(folder, args.has("faces") ? args.get<cv::String>("faces") : folder + "/faces.csv",
                                  detectors);
}

struct Portraits {
    int all = 0, found = 0, more = 0;  // more: detections that do not match the face
};

std::vector<std::string> picturesIn(const std::string& pattern) {
    std::vector<cv::String> files;
    cv::glob(pattern, files);
    return {files.begin(), files.end()};
}

Portraits portraits(const std::string& folder, const std::string& kind, int from, cv::drgan::FaceFinder& truth,
                    const Detect& detect) {
    Portraits result;
    for (int person = from; person < from + 150; ++person) {
        std::vector<std::string> files;
        try {
            files = picturesIn(folder + "/" + cv::format("%03d/", person) + kind + "/*.jpg");
        } catch (const cv::Exception&) {
            break;  // no more folders
        }
        for (const std::string& file : files) {
            const Mat picture = cv::imread(file);
            Mat face;
            if (picture.empty() || !truth.findMain(picture, face)) {
                continue;
            }
            const Mat rows = detect(picture);
            bool found = false;
            for (int i = 0; i < rows.rows; ++i) {
                const bool hit = isOf(boxOf(rows, i), boxOf(face, 0));
                found = found || hit;
                result.more += hit ? 0 : 1;
            }
            ++result.all;
            result.found += found ? 1 : 0;
        }
    }
    return result;
}

void measurePortraits(const cv::CommandLineParser& args, const char* name, const Detect& detect) {
    const auto truth = cv::drgan::FaceFinder::create(args.get<cv::String>("yunet"));
    for (const char* kind : {"frontal", "profile"}) {
        const Portraits p = portraits(args.get<cv::String>("cfp"), kind, args.get<int>("from"), *truth, detect);
        std::printf("%-10s %-8s found %d of %d (%.2f %%), %d other detections\n", name, kind, p.found, p.all,
                    100.0 * p.found / std::max(1, p.all), p.more);
        std::fflush(stdout);
    }
}

void measurePhotos(const std::string& folder, const char* name, const Detect& detect) {
    int pictures = 0, detections = 0;
    std::set<std::string> mistaken;
    for (const std::string& file : picturesIn(folder + "/*")) {
        const Mat photo = cv::imread(file);
        if (photo.empty()) {
            continue;
        }
        for (const int longer : {960, 480, 240}) {
            const double scale = static_cast<double>(longer) / std::max(photo.cols, photo.rows);
            Mat picture;
            cv::resize(photo, picture, cv::Size(), scale, scale, scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
            const int n = detect(picture).rows;
            ++pictures;
            detections += n;
            if (n > 0) {
                mistaken.insert(file.substr(file.rfind('/') + 1) + cv::format(" at %d: %d", longer, n));
            }
        }
    }
    std::printf("%-10s %d false detections in %d pictures (%.3f each)\n", name, detections, pictures,
                static_cast<double>(detections) / std::max(1, pictures));
    for (const std::string& m : mistaken) {
        std::printf("           %s\n", m.c_str());
    }
}

void measureVideo(const std::string& file, const char* name, const Detect& detect) {
    cv::VideoCapture clip(file);
    int frames = 0, found = 0;
    for (Mat frame; clip.read(frame);) {
        ++frames;
        found += detect(frame).empty() ? 0 : 1;
    }
    std::printf("%-10s %s: a face in %d of %d frames (%.2f %%)\n", name, file.c_str(), found, frames,
                100.0 * found / std::max(1, frames));
}

void measureTime(const char* name, const Detect& detect) {
    Mat picture(240, 320, CV_8UC3);
    cv::randu(picture, 0, 256);
    cv::GaussianBlur(picture, picture, cv::Size(0, 0), 4);  // unfiltered noise would be untypical input for a cascade
    std::vector<double> times;
    for (int i = 0; i < 60; ++i) {
        const auto start = std::chrono::steady_clock::now();
        detect(picture);
        times.push_back(std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count());
    }
    std::sort(times.begin(), times.end());
    std::printf("%-10s %.2f ms for 320x240 on %d threads (median; the fastest %.2f)\n", name, times[times.size() / 2],
                cv::getNumThreads(), times.front());
}

void measure(const cv::CommandLineParser& args, const char* name, const Detect& detect) {
    measureTime(name, detect);
    if (args.has("photos")) {
        measurePhotos(args.get<cv::String>("photos"), name, detect);
    }
    if (args.has("video")) {
        measureVideo(args.get<cv::String>("video"), name, detect);
    }
    if (args.has("cfp")) {
        measurePortraits(args, name, detect);
    }
}

}  // namespace

int main(int argc, char** argv) {
    const cv::CommandLineParser args(argc, argv, keys);
    if (args.has("help") || !args.has("@detector")) {
        args.printMessage();
        return args.has("help") ? 0 : 1;
    }
    try {
        if (args.has("scenes")) {
            measureScenes(args);
            return 0;
        }
        const auto detector = cv::drgan::Detector::create(args.get<cv::String>("@detector"));
        detector->setScoreThreshold(args.get<float>("score"));
        detector->setMaxSide(args.get<int>("limit"));
        const Detect ours = [&](const Mat& picture) {
            Mat faces;
            detector->detect(picture, faces);
            return faces;
        };
        measure(args, "detector", ours);
        if (args.has("aligner")) {
            const auto aligner = cv::drgan::Aligner::create(args.get<cv::String>("aligner"));
            const auto sure = args.get<float>("sure");
            measure(args, "+ aligner", [&](const Mat& picture) {
                const Mat found = ours(picture);
                Mat aligned, kept;
                if (!found.empty()) {
                    aligner->align(picture, found.colRange(0, 4), aligned);
                }
                for (int i = 0; i < found.rows; ++i) {
                    if (aligned.at<float>(i, 14) >= sure) {
                        kept.push_back(found.row(i));
                    }
                }
                return kept;
            });
        }
        if (args.has("cascades")) {
            Cascades cascades;
            measure(args, "cascades", [&](const Mat& picture) { return cascades.find(picture); });
        }
        return 0;
    } catch (const std::exception& e) {
        std::fprintf(stderr, "drgan-bench-detection: %s\n", e.what());
        return 1;
    }
}
