// SPDX-License-Identifier: Apache-2.0
//
// A detector, an aligner and an encoder whose results the test sets.
#ifndef DRGAN_TESTS_SCRIPTED_HPP
#define DRGAN_TESTS_SCRIPTED_HPP

#include <cmath>
#include <opencv2/drgan.hpp>
#include <opencv2/imgproc.hpp>
#include <vector>

#include "core/frame/face.hpp"

namespace drgan_test {

/// Gives a face the landmarks that alignCrop assumes for a box without landmarks.
inline drgan::Face withPoints(drgan::Face f, drgan::Points origin) {
    const cv::Rect2f b = f.box;
    const float x = b.x + b.width / 2;
    f.points = {{{x - 10, b.y + 0.397F * b.height},
                 {x + 10, b.y + 0.397F * b.height},
                 {x, b.y + 0.6F * b.height},
                 {x - 8, b.y + 0.747F * b.height},
                 {x + 8, b.y + 0.747F * b.height}}};
    f.origin = origin;
    return f;
}

class ScriptedFinder : public cv::drgan::FaceFinder {
public:
    std::vector<drgan::Face> faces;
    int calls = 0;
    cv::Size seen;
    void find(cv::InputArray bgr, cv::OutputArray found, float) override {
        ++calls;
        seen = bgr.size();
        cv::Mat rows;
        for (const auto& f : faces) {
            rows.push_back(withPoints(f, drgan::Points::nominal).row());
        }
        rows.copyTo(found);
    }
    cv::Ptr<cv::drgan::FaceFinder> clone() const override { return cv::makePtr<ScriptedFinder>(*this); }
    int workingSide() const override { return 320; }
    float sureScore() const override { return 0.8F; }
    bool measuresLandmarks() const override { return false; }
};

/// Returns for each row the nearest of its faces if that lies within the crop, else the given place with a low score.
class ScriptedAligner : public cv::drgan::Aligner {
public:
    std::vector<drgan::Face> faces;  ///< with box, yaw and score
    int calls = 0;
    int rows = 0;  ///< of the last call
    cv::Mat seen;  ///< a copy of the last picture

    void align(cv::InputArray image, cv::InputArray boxes, cv::OutputArray found, int) override {
        ++calls;
        image.getMat().copyTo(seen);
        const cv::Mat given = boxes.getMat();
        rows = given.rows;
        // Like the real aligner, it checks all rows at once.
        CV_Assert(given.type() == CV_32F && given.cols == 15 && cv::checkRange(given, true, nullptr, -1e6, 1e6));
        cv::Mat out(rows, 16, CV_32F, cv::Scalar(0));
        for (int i = 0; i < rows; ++i) {
            const auto* r = given.ptr<float>(i);
            const cv::Point2f eyes((r[4] + r[6]) / 2, (r[5] + r[7]) / 2);
            const cv::Point2f mouth((r[10] + r[12]) / 2, (r[11] + r[13]) / 2);
            const float side = static_cast<float>(cv::norm(mouth - eyes)) / 0.35F;
            drgan::Face best;
            best.box = {(eyes.x + mouth.x) / 2 - side / 2, (eyes.y + mouth.y) / 2 - 0.572F * side, side, side};
            best.score = 0.1F;
            const cv::Point2f middle = drgan::centre(best.box);
            double nearest = 0.6 * side;
            for (const auto& f : faces) {
                const double distance = cv::norm(drgan::centre(f.box) - middle);
                if (distance < nearest) {
                    nearest = distance;
                    best = f;
                }
            }
            drgan_test::withPoints(best, drgan::Points::measured).row().copyTo(out(cv::Rect(0, i, 15, 1)));
            out.at<float>(i, 15) = best.yaw;
        }
        out.copyTo(found);
    }
    cv::Ptr<cv::drgan::Aligner> clone() const override { return cv::makePtr<ScriptedAligner>(*this); }
    int imageSize() const override { return 64; }
    float cropFactor() const override { return 1.8F; }
    cv::String bundleId() const override { return "scripted"; }
};

/// Gives every picture the embedding and the confidence that the test sets.
class ScriptedEncoder : public cv::drgan::Encoder {
public:
    cv::Mat embedding = cv::Mat::ones(1, 8, CV_32F);
    float confidence = 0.5F;

    void alignCrop(cv::InputArray src, cv::InputArray face, cv::OutputArray dst) const override {
        cv::drgan::alignCrop(src, face, dst, alignment());
    }
    void feature(cv::InputArray, cv::OutputArray out, float& sure) override {
        embedding.copyTo(out);
        sure = confidence;
    }
    void features(cv::InputArrayOfArrays, cv::OutputArray, cv::OutputArray) override {
        CV_Error(cv::Error::StsNotImplemented, "nobody asks for it");
    }
    double match(cv::InputArray a, cv::InputArray b, int) const override {
        return a.getMat().dot(b.getMat()) / (cv::norm(a) * cv::norm(b));
    }
    cv::Ptr<cv::drgan::Encoder> clone() const override { return cv::makePtr<ScriptedEncoder>(*this); }
    int embeddingSize() const override { return 8; }
    cv::drgan::Alignment alignment() const override {
        cv::drgan::Alignment a;
        a.size = 16;
        a.eyes = {0.5F, 0.4F};
        a.eyeMouth = 0.35F;
        return a;
    }
    cv::String bundleId() const override { return "tiny"; }
};

/// People with faces of different colours, whose glimpses differ, too. -1 is nobody: something that covers a face.
constexpr int people = 6;

inline cv::Mat drawPerson(int who, cv::Size size) {
    static const cv::Scalar colours[people] = {{60, 60, 190},  {60, 190, 60},  {190, 60, 60},
                                               {60, 190, 190}, {190, 60, 190}, {190, 190, 60}};
    cv::Mat out(size, CV_8UC3);
    cv::RNG rng(static_cast<uint64>(who + 100) * 7919);
    cv::Mat cells(8, 8, CV_8UC1);
    rng.fill(cells, cv::RNG::UNIFORM, 0, 60);
    cv::Mat grey;
    cv::resize(cells, grey, size, 0, 0, cv::INTER_NEAREST);
    cv::merge(std::vector<cv::Mat>(3, grey), out);
    out += who < 0 ? cv::Scalar::all(90) : colours[who];
    return out;
}

/// Embeds a picture as the person whose colour it has. People's embeddings are at right angles to each other, and a
/// person's pictures differ a little. A picture of another colour gets an unrelated embedding and a low confidence.
class ColourEncoder : public ScriptedEncoder {
public:
    int calls = 0;
    double spread = 0.1;  ///< angle between pictures of one person, radians
    float poor = 0.2F;    ///< confidence of nobody's picture

    void feature(cv::InputArray image, cv::OutputArray out, float& sure) override {
        const cv::Mat picture = image.getMat();
        const cv::Rect middle(picture.cols / 4, picture.rows / 4, picture.cols / 2, picture.rows / 2);
        const cv::Scalar seen = cv::mean(picture(middle));
        int who = -1;
        for (int i = 0; i < people; ++i) {
            const cv::Scalar own = cv::mean(drawPerson(i, {64, 64}));
            if (cv::norm(seen - own) < 40) {
                who = i;
            }
        }
        cv::Mat e(1, 8, CV_32F, cv::Scalar(0));
        const double off = spread * (calls++ % 2);
        e.at<float>(who < 0 ? 7 : who) = static_cast<float>(std::cos(off));
        e.at<float>(6) = static_cast<float>(std::sin(off));
        e.copyTo(out);
        sure = who < 0 ? poor : confidence;
    }
    cv::Ptr<cv::drgan::Encoder> clone() const override { return cv::makePtr<ColourEncoder>(*this); }
};

}  // namespace drgan_test

#endif
