// SPDX-License-Identifier: Apache-2.0
#include <fstream>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

#include "face_finder.hpp"

namespace cv {
namespace drgan {

namespace {

constexpr const char* frontalFile = "haarcascade_frontalface_alt2.xml";
constexpr const char* profileFile = "haarcascade_profileface.xml";

// Where the points lie in a cascade's box, in units of its side. Medians over YuNet's points on the pictures of 50
// people of CFP, at a face size of 110 px: frontal over the 198 of 200 frontal pictures that frontalface_alt2 found
// (made symmetric), profile over the 95 of 200 profiles, nose to the image's left, that profileface found. Half the
// distance of the 16th and 84th percentiles is 0.02-0.03 for the frontal and 0.03-0.05 for the profile.
constexpr float frontalPoints[] = {0.305F, 0.396F, 0.695F, 0.396F, 0.500F, 0.624F, 0.332F, 0.776F, 0.668F, 0.776F};
constexpr float profilePoints[] = {0.274F, 0.412F, 0.411F, 0.419F, 0.194F, 0.602F, 0.312F, 0.780F, 0.412F, 0.779F};

constexpr double scaleFactor = 1.15;
constexpr int minNeighbours = 4;
constexpr int smallestWindow = 24;

std::string join(const std::string& folder, const char* file) {
    return folder.empty() || folder.back() == '/' ? folder + file : folder + "/" + file;
}

std::string findFolder(const std::string& asked) {
    std::vector<std::string> folders(1, asked);
    if (asked.empty()) {
        folders.clear();
#ifdef DRGAN_CASCADES
        folders.push_back(DRGAN_CASCADES);
#endif
        folders.push_back("/usr/share/opencv4/haarcascades");
        folders.push_back("/usr/local/share/opencv4/haarcascades");
        folders.push_back("/usr/share/opencv/haarcascades");
    }
    std::string looked;
    for (const std::string& f : folders) {
        if (std::ifstream(join(f, frontalFile)) && std::ifstream(join(f, profileFile))) {
            return f;
        }
        looked += (looked.empty() ? "'" : ", '") + f + "'";
    }
    CV_Error(Error::StsObjectNotFound, std::string("face cascades ") + frontalFile + " and " + profileFile +
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

    int workingSide() const CV_OVERRIDE { return 480; }
    float sureScore() const CV_OVERRIDE { return 0.75F; }  // 15 windows agree
    bool measuresLandmarks() const CV_OVERRIDE { return false; }

    void find(InputArray image, OutputArray faces, float minFace) CV_OVERRIDE {
        Mat grey, mirrored;
        cvtColor(checkedPicture(image), grey, COLOR_BGR2GRAY);
        equalizeHist(grey, grey);
        flip(grey, mirrored, 1);
        std::vector<FaceRow> rows, profiles;
        detect(frontal_, grey, minFace, frontalPoints, false, rows);
        detect(profile_, grey, minFace, profilePoints, false, profiles);
        detect(profile_, mirrored, minFace, profilePoints, true, profiles);
        keepBest(rows);
        keepBest(profiles);
        // Where both kinds fire, the frontal one's points are the better ones.
        for (const FaceRow& profile : profiles) {
            bool known = false;
            for (const FaceRow& row : rows) {
                const Rect2f a = boxOf(row), b = boxOf(profile);
                known = known || (a & b).area() > 0.4F * std::min(a.area(), b.area());
            }
            if (!known) {
                rows.push_back(profile);
            }
        }
        write(rows, faces);
    }

private:
    static void load(CascadeClassifier& cascade, const std::string& file) {
        bool ok = false;
        try {
            ok = cascade.load(file);
        } catch (const Exception&) {
        }
        if (!ok) {
            CV_Error(Error::StsParseError, "'" + file + "' is not a cascade that OpenCV can read");
        }
    }

    static void detect(CascadeClassifier& cascade, const Mat& grey, float minFace, const float* points, bool mirrored,
                       std::vector<FaceRow>& out) {
        const int window = std::max(smallestWindow, cvCeil(minFace));
        if (std::min(grey.cols, grey.rows) < window) {
            return;
        }
        std::vector<Rect> boxes;
        std::vector<int> neighbours;
        cascade.detectMultiScale(grey, boxes, neighbours, scaleFactor, minNeighbours, 0, Size(window, window));
        for (size_t i = 0; i < boxes.size(); ++i) {
            const Rect2f box(boxes[i]);
            FaceRow row;
            row[0] = box.x;
            row[1] = box.y;
            row[2] = box.width;
            row[3] = box.height;
            for (int k = 0; k < 10; k += 2) {
                row[4 + k] = box.x + points[k] * box.width;
                row[5 + k] = box.y + points[k + 1] * box.height;
            }
            const auto n = static_cast<float>(neighbours[i]);
            row[14] = n / (n + 5);  // grows with the windows that agree; a rank, not a probability
            if (mirrored) {
                unmirror(row, static_cast<float>(grey.cols));
            }
            out.push_back(row);
        }
    }

    static void unmirror(FaceRow& row, float width) {
        row[0] = width - row[0] - row[2];
        for (int k = 4; k < 14; k += 2) {
            row[k] = width - row[k];
        }
        for (int k = 0; k < 2; ++k) {  // in the mirror, the right eye is the left one
            std::swap(row[4 + k], row[6 + k]);
            std::swap(row[10 + k], row[12 + k]);
        }
    }

    CascadeClassifier frontal_, profile_;
};

}  // namespace

Ptr<FaceFinder> createCascadeFinder(const String& folder) { return makePtr<CascadeFinder>(folder); }

}  // namespace drgan
}  // namespace cv
