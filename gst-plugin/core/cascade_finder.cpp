// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include "face_finder.hpp"

namespace drgan {
namespace {

constexpr const char* frontalFile = "haarcascade_frontalface_alt2.xml";
constexpr const char* profileFile = "haarcascade_profileface.xml";

// Where the points lie in a cascade's box, in units of its side. Medians over YuNet's points on the pictures of 50
// people of CFP, at a face size of 110 px: frontal over the 198 of 200 frontal pictures that frontalface_alt2 found
// (made symmetric), profile over the 95 of 200 profiles, nose to the image's left, that profileface found. Half the
// distance of the 16th and 84th percentiles is 0.02-0.03 for the frontal and 0.03-0.05 for the profile.
constexpr std::array<float, 10> frontalPoints = {0.305F, 0.396F, 0.695F, 0.396F, 0.500F,
                                                 0.624F, 0.332F, 0.776F, 0.668F, 0.776F};
constexpr std::array<float, 10> profilePoints = {0.274F, 0.412F, 0.411F, 0.419F, 0.194F,
                                                 0.602F, 0.312F, 0.780F, 0.412F, 0.779F};
constexpr float profileYaw = 60;  // a label: the cascade fires from about 45 degrees on

constexpr double scaleFactor = 1.15;
constexpr int minNeighbours = 4;
constexpr int smallestWindow = 24;

std::string join(const std::string& folder, const char* file) {
    return folder.empty() || folder.back() == '/' ? folder + file : folder + "/" + file;
}

std::string findFolder(const std::string& asked) {
    std::vector<std::string> folders = {asked};
    if (asked.empty()) {
        folders = {
#ifdef DRGAN_CASCADES
            DRGAN_CASCADES,
#endif
            "/usr/share/opencv4/haarcascades", "/usr/local/share/opencv4/haarcascades",
            "/usr/share/opencv/haarcascades"};
    }
    std::string looked;
    for (const auto& f : folders) {
        if (std::ifstream(join(f, frontalFile)) && std::ifstream(join(f, profileFile))) {
            return f;
        }
        looked += (looked.empty() ? "'" : ", '") + f + "'";
    }
    CV_Error(cv::Error::StsObjectNotFound, std::string("face cascades ") + frontalFile + " and " + profileFile +
                                               " not found in " + looked +
                                               "; install OpenCV's data (Debian: opencv-data) or name a YuNet model");
}

class CascadeFinder : public FaceFinder {
public:
    explicit CascadeFinder(const std::string& asked) {
        const std::string folder = findFolder(asked);
        load(frontal_, join(folder, frontalFile));
        load(profile_, join(folder, profileFile));
    }

    int workingSide() const override { return 480; }
    float sureScore() const override { return 0.75F; }  // 15 windows agree

    std::vector<Face> find(const cv::Mat& bgr, float minFace) override {
        cv::Mat grey;
        cv::Mat mirrored;
        cv::cvtColor(bgr, grey, cv::COLOR_BGR2GRAY);
        cv::equalizeHist(grey, grey);
        cv::flip(grey, mirrored, 1);
        std::vector<Face> faces;
        // Frontal first: where both fire, its points are the better ones.
        detect(frontal_, grey, minFace, frontalPoints, 0, false, faces);
        const auto frontals = faces.size();
        detect(profile_, grey, minFace, profilePoints, -profileYaw, false, faces);
        detect(profile_, mirrored, minFace, profilePoints, profileYaw, true, faces);
        const auto better = [](const Face& a, const Face& b) { return a.score > b.score; };
        const auto middle = faces.begin() + static_cast<std::ptrdiff_t>(frontals);
        std::sort(faces.begin(), middle, better);
        std::sort(middle, faces.end(), better);
        dropDuplicates(faces);
        return faces;
    }

private:
    static void load(cv::CascadeClassifier& c, const std::string& file) {
        bool ok = false;
        try {
            ok = c.load(file);
        } catch (const cv::Exception&) {
        }
        if (!ok) {
            CV_Error(cv::Error::StsParseError, "'" + file + "' is not a cascade that OpenCV can read");
        }
    }

    static void detect(cv::CascadeClassifier& cascade, const cv::Mat& grey, float minFace,
                       const std::array<float, 10>& points, float yaw, bool mirrored, std::vector<Face>& out) {
        const int window = std::max(smallestWindow, cvCeil(minFace));
        if (std::min(grey.cols, grey.rows) < window) {
            return;
        }
        std::vector<cv::Rect> boxes;
        std::vector<int> neighbours;
        cascade.detectMultiScale(grey, boxes, neighbours, scaleFactor, minNeighbours, 0, {window, window});
        for (size_t i = 0; i < boxes.size(); ++i) {
            Face f;
            f.box = boxes[i];
            for (size_t k = 0; k < f.points.size(); ++k) {
                f.points[k] = {f.box.x + points[2 * k] * f.box.width, f.box.y + points[2 * k + 1] * f.box.height};
            }
            if (mirrored) {
                const auto width = static_cast<float>(grey.cols);
                f.box.x = width - f.box.x - f.box.width;
                for (auto& p : f.points) {
                    p.x = width - p.x;
                }
                std::swap(f.points[0], f.points[1]);  // in the mirror, the right eye is the left one
                std::swap(f.points[3], f.points[4]);
            }
            const auto n = static_cast<float>(neighbours[i]);
            f.score = n / (n + 5);  // grows with the windows that agree; a rank, not a probability
            f.yaw = yaw;
            f.origin = Points::nominal;
            out.push_back(f);
        }
    }

    cv::CascadeClassifier frontal_;
    cv::CascadeClassifier profile_;
};

}  // namespace

std::unique_ptr<FaceFinder> FaceFinder::createCascades(const std::string& folder) {
    return std::make_unique<CascadeFinder>(folder);
}

}  // namespace drgan
