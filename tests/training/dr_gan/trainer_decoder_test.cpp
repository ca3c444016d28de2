// SPDX-License-Identifier: Apache-2.0
//
// Runs that train a decoder: every form of discriminator, set of poses and number of pictures; the decoder stage.
#include <algorithm>
#include <fstream>
#include <map>
#include <nlohmann/json.hpp>
#include <opencv2/drgan.hpp>

#include "export/bundle.hpp"
#include "export/rewrite.hpp"
#include "trainer_run.hpp"

namespace fs = std::filesystem;
using namespace drgan::train;

namespace {

struct Variant {
    const char* name;
    std::vector<float> poseYaws;
    const char* discriminator;
    int pictures;
    bool grey = false;
};

class EveryVariant : public TrainerRun, public testing::WithParamInterface<Variant> {};

TEST_P(EveryVariant, TrainsAndExports) {
    DrGanOptions o = options(Stage::Joint, "run", 3);
    o.batch.poseYaws = GetParam().poseYaws;
    o.batch.pictures = GetParam().pictures;
    o.discriminatorForm = GetParam().discriminator;
    o.discriminatorGrey = GetParam().grey;
    train(o);
    const Checkpoint checkpoint = Checkpoint::load(path("run/last.safetensors"));
    drgan::exporting::writeBundle(checkpoint, {path("bundle"), 0.25});
    const auto manifest = nlohmann::json::parse(std::ifstream(path("bundle/manifest.json")));
    EXPECT_EQ(manifest.at("pose_yaws"), std::vector<double>(o.batch.poseYaws.begin(), o.batch.poseYaws.end()));
    const auto heads = checkpoint.network("discriminator")->outputs();
    const std::map<std::string, size_t> headsOf{{"cvpr", 2}, {"tpami", 3}, {"patch", 1}};
    EXPECT_EQ(heads.size(), headsOf.at(GetParam().discriminator));
    if (GetParam().grey) {
        // Weights that get the same input from all channels get the same gradient.
        const torch::Tensor first = checkpoint.network("discriminator")->parameters().front();
        o.run = path("untaught");
        o.learningRate = o.discriminatorRate = 1e-12;
        train(o);
        const torch::Tensor learned =
            first - Checkpoint::load(path("untaught/last.safetensors")).network("discriminator")->parameters().front();
        ASSERT_EQ(learned.size(1), 3);
        EXPECT_GT(learned.abs().max().item<double>(), 1e-6);
        EXPECT_TRUE(torch::allclose(learned.select(1, 0), learned.select(1, 1), 0.05, 1e-6)) << learned;
    }
    std::ifstream metrics(path("run/metrics.csv"));
    std::string header, line;
    std::getline(metrics, header);
    std::getline(metrics, line);
    EXPECT_GE(std::count(line.begin(), line.end(), ','), 2);
}

const std::vector<float> nine{-60, -45, -30, -15, 0, 15, 30, 45, 60};
const std::vector<float> thirteen{-90, -75, -60, -45, -30, -15, 0, 15, 30, 45, 60, 75, 90};

INSTANTIATE_TEST_SUITE_P(
    Variants, EveryVariant,
    testing::Values(Variant{"single_cvpr_13", thirteen, "cvpr", 1}, Variant{"single_tpami_9", nine, "tpami", 1},
                    Variant{"single_patch_9", nine, "patch", 1}, Variant{"single_patch_9_grey", nine, "patch", 1, true},
                    Variant{"multi_cvpr_2", {0, 90}, "cvpr", 6}, Variant{"multi_tpami_13", thirteen, "tpami", 6}),
    [](const auto& info) { return info.param.name; });

TEST_F(TrainerRun, ADecoderIsJudgedAlikeEveryTime) {
    const DrGanOptions o = options(Stage::Decoder, "run", 1);
    const drgan::io::FaceSet set(o.faces);
    const Sampler sampler(set, o.batch);
    Model model(o, set, static_cast<int64_t>(sampler.persons()));
    const std::vector<Batch> batches{sampler.draw(0)};
    torch::manual_seed(1);
    const double first = validateLikeness(model, o, batches);
    torch::manual_seed(2);
    EXPECT_EQ(validateLikeness(model, o, batches), first);
}

TEST_F(TrainerRun, AStrongDiscriminatorWaits) {
    DrGanOptions o = options(Stage::Joint, "run", 30);
    o.strongDiscriminator = 0;  // every discriminator is strong
    o.generatorSteps = 10;
    Trainer trainer(o, "");
    trainer.run();
    // It learns in every step until its strength is first measured, after step 1; then in steps 11 and 21.
    EXPECT_EQ(trainer.model().discriminatorOptimiser->steps, 3);
    o.run = path("weak");
    o.strongDiscriminator = 1.1;  // no discriminator is strong
    Trainer weak(o, "");
    weak.run();
    EXPECT_EQ(weak.model().discriminatorOptimiser->steps, 30);
}

TEST_F(TrainerRun, DecoderStageLeavesTheEncoderAlone) {
    train(options(Stage::Encoder, "start", 2));
    DrGanOptions o = options(Stage::Decoder, "run", 3);
    o.start = path("start/last.safetensors");
    train(o);
    const Checkpoint before = Checkpoint::load(o.start), after = Checkpoint::load(path("run/last.safetensors"));
    for (const auto& [name, tensor] : before.tensors) {
        if (name.rfind("averaged_encoder.", 0) == 0) {
            EXPECT_TRUE(torch::equal(tensor, after.tensors.at(name))) << name;
        }
    }
}

TEST_F(TrainerRun, AJudgeWithoutColoursTeachesAllChannelsTheSame) {
    train(options(Stage::Encoder, "start", 1));
    // How similar the gradients of the output layer's three channels are: the smallest cosine of two of them.
    auto alike = [&](const std::string& run, bool grey) {
        DrGanOptions o = options(Stage::Decoder, run, 1);
        o.start = path("start/last.safetensors");
        o.reconstructionWeight = o.adversarialWeight = 0;
        o.judgeGrey = grey;
        Trainer trainer(o, "");
        trainer.run();
        torch::Tensor last;  // weights [3,C,k,k]
        for (const torch::Tensor& p : trainer.model().decoder->parameters()) {
            last = p.dim() == 4 ? p : last;
        }
        EXPECT_EQ(last.size(0), 3);
        const torch::Tensor unit = torch::nn::functional::normalize(last.grad().flatten(1));
        return torch::mm(unit, unit.t()).min().item<double>();
    };
    EXPECT_GT(alike("grey", true), 0.8);
    EXPECT_LT(alike("coloured", false), 0.5);
}

TEST_F(TrainerRun, DecoderStartsAtLowResolution) {
    train(options(Stage::Encoder, "start", 1));
    const int side = SmallFaceSet().side;
    DrGanOptions low = options(Stage::Decoder, "low", 2);
    low.start = path("start/last.safetensors");
    low.decoder = "basis";
    low.batch.targetSide = side / 2;
    train(low);
    DrGanOptions whole = options(Stage::Decoder, "whole", 2);
    whole.start = path("low/last.safetensors");
    train(whole);
    const auto graph = Checkpoint::load(path("whole/last.safetensors")).network("averaged_decoder");
    EXPECT_EQ(graph->outputs().size(), 2U);
    DrGanOptions taken = options(Stage::Decoder, "taken", 1);  // the same decoder for another encoder
    taken.start = path("start/last.safetensors");
    taken.decoder = path("low/last.safetensors");
    train(taken);
    EXPECT_EQ(Checkpoint::load(path("taken/last.safetensors")).network("averaged_decoder")->toJson(), graph->toJson());
    low.run = path("other");
    low.batch.targetSide = side / 4;
    EXPECT_NE(error(low).find("draws no pictures of " + std::to_string(side / 4) + " px"), std::string::npos);
    low.batch.targetSide = 7;
    EXPECT_NE(error(low).find("7 px"), std::string::npos);
}

TEST_F(TrainerRun, DrawsInputsFromCodesThatWereMadeOnce) {
    train(options(Stage::Encoder, "start", 2));
    DrGanOptions o = options(Stage::Decoder, "run", 4);
    o.start = path("start/last.safetensors");
    o.storedEmbeddings = path("embeddings.safetensors");
    o.batch.storedPerPerson = 3;
    train(o);
    const Checkpoint stored = Checkpoint::load(o.storedEmbeddings);
    const drgan::io::FaceSet faces(o.faces);
    const Sampler sampler(faces, o.batch);
    const auto persons = static_cast<int64_t>(sampler.persons());
    EXPECT_EQ(stored.tensors.at("embedding").sizes(), (std::vector<int64_t>{3 * persons, 8}));
    EXPECT_EQ(stored.tensors.at("confidence").sizes(), (std::vector<int64_t>{3 * persons, 1}));

    // They are the encoder's results for the pictures that represent the person.
    std::vector<float> planes;
    sampler.appendStoredPictures(1, planes);
    const int64_t side = faces.imageSize();
    auto encoder = Checkpoint::load(o.start).network("averaged_encoder");
    encoder->eval();
    const auto embedding = drgan::nn::encode(encoder, drgan::nn::fromPlanes(planes, side, torch::kCPU)).first.detach();
    EXPECT_LT((embedding - stored.tensors.at("embedding").slice(0, 3, 6)).abs().max().item<float>(), 1e-4);

    // Another run reads them; a run that needs other embeddings must not use them silently.
    o.run = path("again");
    train(o);
    o.run = path("other");
    o.batch.seed = 5;
    EXPECT_NE(error(o).find("embeddings of another run"), std::string::npos);
}

TEST_F(TrainerRun, ATargetOfAnAppearanceIsAViewOfTheInput) {
    SmallFaceSet drawn;  // whose pictures differ
    drawn.side = 32;
    drawn.people = 6;
    drawn.drawn = true;
    writeSmallFaceSet(path("drawn.safetensors"), drawn);
    const drgan::io::FaceSet faces(path("drawn.safetensors"));
    BatchOptions how = options(Stage::Decoder, "none", 1).batch;
    how.pictures = 1;
    how.targetsOfInput = true;
    how.augmentation = {0, 0, 0, 0.5, 1, 0, 0, 0, 0};  // light and colours of a target are those of its input
    const Sampler sampler(faces, how);
    const int64_t side = faces.imageSize(), pixels = 3 * side * side;
    const auto source = [&](int64_t row) { return faces.origin()[row] < 0 ? row : faces.origin()[row]; };
    const auto planesOf = [&](int64_t row) {
        std::vector<uint8_t> rgb(static_cast<size_t>(pixels));
        faces.decode(static_cast<size_t>(row), rgb.data());
        return torch::tensor(rgb).view({side, side, 3}).permute({2, 0, 1}).to(torch::kFloat32) / 127.5 - 1;
    };
    const auto same = [&](const torch::Tensor& a, const torch::Tensor& b) { return torch::allclose(a, b, 0, 1e-5); };
    int turned = 0, mirrored = 0;
    for (int step = 0; step < 8; ++step) {
        const Batch batch = sampler.draw(step);
        const torch::Tensor images = torch::tensor(batch.images).view({-1, 3, side, side});
        const torch::Tensor targets = torch::tensor(batch.targets).view({-1, 3, side, side});
        ASSERT_EQ(targets.size(0), images.size(0) * how.targets);
        for (int64_t t = 0; t < targets.size(0); ++t) {
            const int64_t input = t / how.targets, row = batch.row[input];
            const bool flipped = same(images[input], planesOf(row).flip({2}));
            ASSERT_TRUE(flipped || same(images[input], planesOf(row)));
            int64_t shown = -1;
            for (int64_t other = 0; other < static_cast<int64_t>(faces.size()); ++other) {
                const torch::Tensor picture = planesOf(other);
                if (source(other) == source(row) && same(targets[t], flipped ? picture.flip({2}) : picture)) {
                    shown = other;
                }
            }
            ASSERT_GE(shown, 0) << "another picture than the input's, or one that is mirrored otherwise";
            EXPECT_FLOAT_EQ(batch.targetYaw[t], flipped ? -faces.yaw()[shown] : faces.yaw()[shown]);
            turned += shown != row ? 1 : 0;
            mirrored += flipped ? 1 : 0;
        }
    }
    EXPECT_GT(turned, 5);
    EXPECT_GT(mirrored, 5);
    how.pictures = 2;
    EXPECT_THROW(Sampler(faces, how), std::invalid_argument);
}

TEST_F(TrainerRun, LearnsAnAppearance) {
    train(options(Stage::Encoder, "start", 1));
    DrGanOptions o = options(Stage::Decoder, "run", 6);
    o.start = path("start/last.safetensors");
    o.appearance = o.batch.targetsOfInput = true;
    o.batch.pictures = 1;
    o.noiseSize = 5;
    o.storedEmbeddings = path("embeddings.safetensors");
    o.batch.storedPerPerson = 2;
    o.checkpointEvery = 3;
    train(o);
    DrGanOptions half = o;
    half.run = path("half");
    half.steps = 3;
    train(half);
    const Checkpoint whole = Checkpoint::load(path("run/last.safetensors")),
                     before = Checkpoint::load(path("half/last.safetensors"));
    auto network = whole.network("averaged_appearance");
    const torch::Tensor learned = whole.network("appearance")->parameters().front(),
                        earlier = before.network("appearance")->parameters().front();
    EXPECT_GT((learned - earlier).abs().max().item<double>(), 0);

    // The bundle's encoder gives what the network gives, and the bundle's decoder takes it.
    drgan::exporting::writeBundle(whole, {path("bundle"), 0.25});
    const auto encoder = cv::drgan::Encoder::create(path("bundle/encoder.onnx"));
    const auto decoder = cv::drgan::Decoder::create(path("bundle/decoder.onnx"), encoder);
    ASSERT_EQ(encoder->appearanceSize(), 5);
    const int side = encoder->alignment().size;
    cv::Mat picture(side, side, CV_8UC3), embedding, confidence, appearance, face;
    cv::randu(picture, 0, 255);
    encoder->featuresAndAppearances(std::vector<cv::Mat>{picture}, embedding, confidence, appearance);
    const torch::Tensor image = (torch::from_blob(picture.data, {1, side, side, 3}, torch::kUInt8)
                                     .flip(3)
                                     .permute({0, 3, 1, 2})
                                     .to(torch::kFloat32) /
                                 127.5) -
                                1;
    network->eval();
    const torch::Tensor expected = network->forward({{"image", image}}).at("appearance").detach();
    for (int i = 0; i < 5; ++i) {
        EXPECT_NEAR(appearance.at<float>(i), expected[0][i].item<float>(), 1e-3);
    }
    decoder->frontalize(embedding, face, appearance);
    EXPECT_EQ(face.cols, side);

    // Another decoder comes with its own appearance, or with none.
    const Checkpoint plain = [&] {
        DrGanOptions other = options(Stage::Decoder, "plain", 1);
        other.start = o.start;
        other.noiseSize = 5;
        train(other);
        return Checkpoint::load(path("plain/last.safetensors"));
    }();
    const std::string id = encoder->bundleId();
    drgan::exporting::replaceDecoder(path("bundle"), plain);
    EXPECT_EQ(cv::drgan::Encoder::create(path("bundle/encoder.onnx"))->appearanceSize(), 0);
    EXPECT_EQ(cv::drgan::Encoder::create(path("bundle/encoder.onnx"))->bundleId(), id);
    drgan::exporting::replaceDecoder(path("bundle"), whole);
    cv::Mat again;
    cv::drgan::Encoder::create(path("bundle/encoder.onnx"))->appearance(picture, again);
    EXPECT_LT(cv::norm(again, appearance, cv::NORM_INF), 1e-5);

    o.run = path("several");
    o.batch.pictures = 2;
    EXPECT_NE(error(o).find("expected 1 picture"), std::string::npos);
}

TEST_F(TrainerRun, ADecoderIsBlendedAndPutIntoItsBundle) {
    train(options(Stage::Encoder, "start", 1));
    DrGanOptions o = options(Stage::Decoder, "first", 2);
    o.start = path("start/last.safetensors");
    train(o);
    o.run = path("second");
    o.batch.seed = 2;
    train(o);
    const Checkpoint first = Checkpoint::load(path("first/last.safetensors"));
    Checkpoint second = Checkpoint::load(path("second/last.safetensors"));
    const auto before = second.tensors;
    drgan::exporting::blendDecoder(second, first, 0.25);
    size_t moved = 0;
    for (const auto& [name, tensor] : second.tensors) {
        const bool ofDecoder = name.rfind("averaged_decoder", 0) == 0 && tensor.is_floating_point();
        const torch::Tensor expected =
            ofDecoder ? 0.75 * before.at(name) + 0.25 * first.tensors.at(name) : before.at(name);
        EXPECT_TRUE(torch::allclose(tensor, expected, 1e-5, 1e-7)) << name;
        moved += ofDecoder && !torch::equal(tensor, before.at(name)) ? 1 : 0;
    }
    EXPECT_GT(moved, 10U);

    const auto text = [&](const char* name) {
        std::ifstream file(path("bundle/" + std::string(name)), std::ios::binary);
        return std::string(std::istreambuf_iterator<char>(file), {});
    };
    drgan::exporting::writeBundle(first, {path("bundle"), 0.25});
    const std::string encoder = text("encoder.onnx"), decoder = text("decoder.onnx");
    const auto manifest = nlohmann::json::parse(text("manifest.json"));
    drgan::exporting::replaceDecoder(path("bundle"), second);
    EXPECT_EQ(text("encoder.onnx"), encoder);
    EXPECT_NE(text("decoder.onnx"), decoder);
    const auto after = nlohmann::json::parse(text("manifest.json"));
    EXPECT_EQ(after.at("bundle_id"), manifest.at("bundle_id"));
    EXPECT_EQ(after.at("files")[0], manifest.at("files")[0]);
    drgan::exporting::replaceDecoder(path("bundle"), first);
    EXPECT_EQ(text("decoder.onnx"), decoder);  // as before

    second.metadata["pose_yaws"] = "-45,0,45";
    EXPECT_THROW(drgan::exporting::replaceDecoder(path("bundle"), second), std::runtime_error);
    EXPECT_EQ(text("decoder.onnx"), decoder);
    EXPECT_THROW(drgan::exporting::replaceDecoder(path("first"), first), std::runtime_error);

    // A bundle whose decoder does not have the number of noise values in its metadata.
    const std::string key = "drgan.noise_size";
    std::string without = decoder;
    without.replace(without.find(key), key.size(), "other.noise_size");
    std::ofstream(path("bundle/decoder.onnx"), std::ios::binary) << without;
    try {
        drgan::exporting::replaceDecoder(path("bundle"), first);
        ADD_FAILURE() << "taken";
    } catch (const std::runtime_error& e) {
        EXPECT_NE(std::string(e.what()).find(key), std::string::npos) << e.what();
    }
}

}  // namespace
