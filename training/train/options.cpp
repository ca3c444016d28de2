// SPDX-License-Identifier: Apache-2.0
#include "train/options.hpp"

// No torch here: its operator<< for vectors would change how CLI11 writes --poses into a config.

#include <CLI/CLI.hpp>
#include <map>

namespace drgan::train {

namespace {

void addNetworks(CLI::App& app, Options& o) {
    const char* group = "Networks (those that --start brings stay as they are)";
    app.add_option("--encoder", o.encoder, "casia (the paper's), or onnx:FILE, a recogniser to start from")
        ->group(group);
    app.add_option("--encoder-width", o.encoderWidth, "channels of casia's layers, times this")->group(group);
    app.add_option("--embedding-size", o.embeddingSize, "Nf of casia")->group(group);
    app.add_option("--onnx-order", o.onnxOrder, "channel order that the recogniser wants: RGB or BGR")->group(group);
    app.add_option("--onnx-mean", o.onnxMean, "it wants (pixel - mean) / scale: one or three means, pixels in 0..255")
        ->group(group);
    app.add_option("--onnx-scale", o.onnxScale, "one or three scales")->group(group);
    app.add_option("--blend", o.blend,
                   "with --start: move its encoder towards that of a checkpoint, or towards onnx:FILE, the recogniser "
                   "that it came from; what was forgotten on frontal faces comes back")
        ->group(group);
    app.add_option("--blend-share", o.blendShare, "by this share of the way")->check(CLI::Range(0., 1.))->group(group);
    app.add_option("--decoder", o.decoder,
                   "casia (the paper's), basis (learned whole pictures, then details; learns faster), or a checkpoint "
                   "to take one from")
        ->check(CLI::IsMember({"casia", "basis"}) | CLI::ExistingFile)
        ->group(group);
    app.add_option("--decoder-width", o.decoderWidth, "channels of the decoder's layers, times this")->group(group);
    app.add_option("--decoder-fc-channels", o.decoderFcChannels, "channels of its first map; 0: as its width says")
        ->group(group);
    app.add_option("--noise-size", o.noiseSize, "Nz")->group(group);
    app.add_option("--upsampling", o.upsampling, "resize (resize + convolution) or fconv (the paper's)")
        ->check(CLI::IsMember({"resize", "fconv"}))
        ->group(group);
    app.add_option("--discriminator-width", o.discriminatorWidth, "channels of the discriminator, times this")
        ->group(group);
    app.add_option("--discriminator-form", o.discriminatorForm,
                   "cvpr (Nd+1 identities), tpami (three heads) or patch (texture)")
        ->check(CLI::IsMember({"cvpr", "tpami", "patch"}))
        ->group(group);
    app.add_flag("--discriminator-grey", o.discriminatorGrey,
                 "the discriminator sees no colours: it sharpens what is drawn, and the colours are those of the "
                 "reconstruction")
        ->group(group);
}

void addBatches(CLI::App& app, Options& o) {
    const char* group = "Batches";
    BatchOptions& b = o.batch;
    app.add_option("--persons", b.persons, "P; P x n pictures make a batch")->check(CLI::PositiveNumber)->group(group);
    app.add_option("--pictures", b.pictures,
                   "pictures of a person in a batch: n is drawn from 1 to this; 1: single-image")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--targets", b.targets, "target poses drawn for each code (decoder and joint stages)")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--target-side", b.targetSide,
                   "decoder stage: train at this resolution alone (basis: S/2, fast, to begin with); 0: S")
        ->group(group);
    app.add_option(
           "--codes", o.codes,
           "decoder stage: file of embeddings to draw inputs from; made, once, where it is missing. Without it, "
           "the encoder runs at every step")
        ->group(group);
    app.add_option("--codes-per-person", o.codesPerPerson, "pictures of each person that go into --codes")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--poses", b.poseYaws, "yaws of the pose codes, degrees, ascending")->group(group)->delimiter(',');
    app.add_option("--turned-share", b.turnedShare, "share of turned pictures")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--profile-share", b.profileShare, "share of persons that have real profiles")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--shift", b.augmentation.shift, "pixels, at most")->group(group);
    app.add_option("--rotation", b.augmentation.rotation, "degrees, at most")->group(group);
    app.add_option("--zoom", b.augmentation.zoom, "scale within 1 +- this")->group(group);
    app.add_option("--light", b.augmentation.light, "gain within 1 +- this")->group(group);
    app.add_option("--grey", b.augmentation.grey, "share of pictures without colour")->group(group);
    app.add_option("--occlusion", b.augmentation.occlusion, "share of pictures of which a rectangle is hidden")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--low-resolution", b.augmentation.lowResolution, "share of pictures made small and large again")
        ->group(group);
    app.add_option("--blur", b.augmentation.blur, "share of pictures that are blurred")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--noise", b.augmentation.noise, "share of pictures with noise")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--seed", b.seed, "of everything random")->group(group);
    app.add_option("--loader-threads", b.threads, "batches decoded ahead")->check(CLI::PositiveNumber)->group(group);
}

void addLosses(CLI::App& app, Options& o) {
    const char* group = "Losses (weights; 0 switches one off)";
    app.add_option("--template-weight", o.templateWeight, "1 - cosine to the person's frontal template")->group(group);
    app.add_option("--margin-weight", o.marginWeight, "margin softmax over all templates")->group(group);
    app.add_option("--margin-scale", o.marginScale, "its scale")->group(group);
    app.add_option("--margin", o.margin, "its margin")->group(group);
    app.add_option("--pair-weight", o.pairWeight,
                   "softmax over the batch's persons: fused pictures of one against other fused pictures of the same")
        ->group(group);
    app.add_option("--mirror-weight", o.mirrorWeight, "1 - cosine to the embedding of the mirror image")->group(group);
    app.add_option("--hold-weight", o.holdWeight, "near-frontal pictures keep the teacher's own embedding")
        ->group(group);
    app.add_option("--source-weight", o.sourceWeight,
                   "turned pictures get the teacher's embedding of the picture that they were turned from")
        ->group(group);
    app.add_option("--hold-yaw", o.holdYaw, "degrees: what is near-frontal")->group(group);
    app.add_option("--reconstruction-weight", o.reconstructionWeight, "L1 to the true picture at the target pose")
        ->group(group);
    app.add_option("--identity-weight", o.identityWeight, "1 - cosine of the generated face's embedding to its code")
        ->group(group);
    app.add_option("--perceptual-weight", o.perceptualWeight,
                   "difference of the generated and the true face in the encoder's maps")
        ->group(group);
    app.add_flag("--judge-grey", o.judgeGrey, "the two terms above see no colours, as with --discriminator-grey")
        ->group(group);
    app.add_option("--adversarial-weight", o.adversarialWeight, "the paper's generator loss; joint: 0.1 unless given")
        ->group(group);
    app.add_option("--encoder-weight", o.encoderWeight, "joint: the encoder's own losses beside the rest")
        ->group(group);
}

void addAligner(CLI::App& app, Options& o) {
    const char* group = "Aligner stage (which heeds of the options above: shares, light, seed and the run's)";
    CropOptions& c = o.crops;
    app.add_option("--aligner-width", o.alignerWidth, "channels of the aligner's layers, times this")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--widen-aligner", o.widenAligner,
                   "with --start: begin with its aligner widened to this width, what it knows in the first channels; "
                   "0: as it is")
        ->check(CLI::NonNegativeNumber)
        ->group(group);
    app.add_option("--crops", c.count, "crops in a batch")->check(CLI::PositiveNumber)->group(group);
    app.add_option("--missed-share", c.missedShare, "share of crops that miss their face")
        ->check(CLI::Range(0., 1.))
        ->group(group);
    app.add_option("--box-shift", c.shift, "of the box's side, at most")->check(CLI::Range(0., 0.5))->group(group);
    app.add_option("--box-smallest", c.smallest, "size of a box, times its face's, at least")
        ->check(CLI::Range(0.5, 2.))
        ->group(group);
    app.add_option("--box-largest", c.largest, "and at most")->check(CLI::Range(0.5, 2.))->group(group);
    app.add_option("--roll", c.roll, "degrees, at most")->check(CLI::Range(0., 90.))->group(group);
    app.add_option("--landmark-weight", o.landmarkWeight, "wing loss of the landmarks")->group(group);
    app.add_option("--yaw-weight", o.yawWeight, "smooth L1 of the yaw")->group(group);
    app.add_option("--score-weight", o.scoreWeight, "cross entropy of the face score")->group(group);
    app.add_option("--false-finds", o.falseFinds,
                   "the detector's checkpoint: where it found faces in --backgrounds, the aligner learns to see none")
        ->group(group);
}

void addBackgrounds(CLI::App& app, Options& o) {
    const char* group = "Photographs (aligner and detector)";
    const auto isFolderOrEmpty = [](const std::string& path) {
        return path.empty() ? std::string() : CLI::ExistingDirectory(path);
    };
    app.add_option("--backgrounds", o.backgrounds,
                   "folder of photographs without faces: the detector has faces put into them, the aligner (if given) "
                   "learns what is no face")
        ->check(isFolderOrEmpty)
        ->group(group);
    app.add_option("--validation-backgrounds", o.validationBackgrounds,
                   "folder of other ones to validate on; without it, the same ones (aligner: none)")
        ->check(isFolderOrEmpty)
        ->group(group);
}

void addDetector(CLI::App& app, Options& o) {
    const char* group =
        "Detector stage (which heeds of the options above: shares, light, seed, roll, landmark and score weight, and "
        "the run's)";
    SceneOptions& s = o.scenes;
    app.add_option("--detector-width", o.detectorWidth, "channels of the detector's layers, times this")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--scenes", s.count, "pictures in a batch")->check(CLI::PositiveNumber)->group(group);
    app.add_option("--scene-side", s.side, "pixels of a picture, a multiple of 32")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--smallest-face", s.smallest, "side of a face's box, pixels, at least")
        ->check(CLI::PositiveNumber)
        ->group(group);
    app.add_option("--most-faces", s.mostFaces, "in a picture")->check(CLI::PositiveNumber)->group(group);
    const std::pair<const char*, std::pair<double*, const char*>> shares[] = {
        {"--empty-share", {&s.emptyShare, "share of pictures without a face"}},
        {"--own-share", {&s.ownShare, "share of pictures of one face before what it was photographed before"}},
        {"--decoy-share", {&s.decoyShare, "share of pictures with pieces of backgrounds put in as faces are"}},
        {"--cut-share", {&s.cutShare, "share of faces that the border may cut off"}},
        {"--mistake-share", {&s.mistakeShare, "share of backgrounds where a face was found and there is none"}}};
    for (const auto& [name, share] : shares) {
        app.add_option(name, *share.first, share.second)->check(CLI::Range(0., 1.))->group(group);
    }
    app.add_option("--box-weight", o.boxWeight, "1 - GIoU of the boxes")->group(group);
}

/// What a stage wants by default where the others want something else; as if given, so that the run's config says it.
void setUnlessGiven(CLI::App& app, const char* name, const char* value) {
    CLI::Option* option = app.get_option(name);
    if (option->count() == 0) {
        option->add_result(value);
        option->run_callback();
    }
}

void addRun(CLI::App& app, Options& o) {
    app.add_option("--faces", o.faces, "prepared set (drgan-data)")->required()->check(CLI::ExistingFile);
    app.add_option("--run", o.run, "folder for checkpoints, metrics.csv, grids and config.toml")->required();
    // Empty is what a run's own config says where nothing was given.
    const auto existsOrEmpty = [](const std::string& path) {
        return path.empty() ? std::string() : CLI::ExistingFile(path);
    };
    app.add_option("--start", o.start, "checkpoint whose (averaged) networks to start from")->check(existsOrEmpty);
    app.add_flag("--resume", o.resume, "go on where the run in --run stopped");
    app.add_option("--steps", o.steps, "steps in all; the rate falls to 0 over them")->check(CLI::PositiveNumber);
    app.add_option("--rate", o.learningRate, "learning rate at its highest");
    app.add_option("--discriminator-rate", o.discriminatorRate, "learning rate of the discriminator");
    app.add_option("--warmup", o.warmup, "steps over which the rate rises");
    app.add_option("--weight-decay", o.weightDecay, "AdamW's");
    app.add_option("--averaging", o.averaging, "decay of the weights' moving average, which is what is exported");
    app.add_option("--frozen-layers", o.frozenLayers, "leave this many of the encoder's first layers as they are");
    app.add_flag("--confidence-only", o.confidenceOnly, "encoder stage: embeddings stay as they are");
    app.add_option("--strong-discriminator", o.strongDiscriminator,
                   "a discriminator that recognises this share of generated faces is strong");
    app.add_option("--generator-steps", o.generatorSteps, "steps of the generator for one of a strong discriminator")
        ->check(CLI::PositiveNumber);
    app.add_option("--keep", o.keep, "checkpoints to keep, the last one and the best one apart")
        ->check(CLI::NonNegativeNumber);
    app.add_option("--checkpoint-minutes", o.checkpointMinutes, "minutes between checkpoints");
    app.add_option("--evaluate-every", o.evaluateEvery, "steps between evaluations and grids")
        ->check(CLI::PositiveNumber);
    app.add_option("--log-every", o.logEvery, "steps between progress lines")->check(CLI::PositiveNumber);
    app.add_option("--threads", o.threads, "CPU threads for the networks")->check(CLI::PositiveNumber);
    app.add_option("--device", o.device, "cpu or cuda")->check(CLI::IsMember({"cpu", "cuda"}));
    app.add_option("--precision", o.precision, "float32, or bf16: convolutions in half precision")
        ->check(CLI::IsMember({"float32", "bf16"}));
}

}  // namespace

Options parseOptions(int argc, char** argv, std::string& resolvedConfig) {
    Options o;
    o.batch.targets = 1;
    for (int yaw = -90; yaw <= 90; yaw += 15) {
        o.batch.poseYaws.push_back(static_cast<float>(yaw));
    }
    std::string stage;
    CLI::App app{"Trains DR-GAN on a prepared face set."};
    app.option_defaults()->always_capture_default();
    app.set_config("--config", "", "TOML file with any of these options; the command line wins");
    app.add_option("stage", stage, "encoder, decoder (encoder frozen), joint, aligner or detector")
        ->required()
        ->check(CLI::IsMember({"encoder", "decoder", "joint", "aligner", "detector"}));
    addRun(app, o);
    addNetworks(app, o);
    addBatches(app, o);
    addLosses(app, o);
    addAligner(app, o);
    addBackgrounds(app, o);
    addDetector(app, o);
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& e) {
        std::exit(app.exit(e));
    }
    const std::map<std::string, Stage> stages{{"encoder", Stage::Encoder},
                                              {"decoder", Stage::Decoder},
                                              {"joint", Stage::Joint},
                                              {"aligner", Stage::Aligner},
                                              {"detector", Stage::Detector}};
    o.stage = stages.at(stage);
    if (o.stage == Stage::Joint) {
        setUnlessGiven(app, "--adversarial-weight", "0.1");
    }
    const bool alone = o.stage == Stage::Aligner || o.stage == Stage::Detector;
    if (alone) {
        const std::map<const char*, const char*> wanted{{"--rate", "0.002"},    {"--light", "0.4"},
                                                        {"--occlusion", "0.2"}, {"--low-resolution", "0.3"},
                                                        {"--blur", "0.2"},      {"--noise", "0.3"}};
        for (const auto& [name, value] : wanted) {
            setUnlessGiven(app, name, value);
        }
    }
    if (o.stage == Stage::Detector) {
        setUnlessGiven(app, "--roll", "40");
        setUnlessGiven(app, "--score-weight", "1");
        setUnlessGiven(app, "--landmark-weight", "2");
        o.scenes.roll = o.crops.roll;
        if (o.backgrounds.empty()) {
            std::exit(app.exit(CLI::RequiredError("--backgrounds (detector stage)")));
        }
    }
    o.batch.targets = o.stage == Stage::Encoder || alone ? 0 : o.batch.targets;
    o.batch.codesPerPerson = o.codes.empty() ? 0 : o.codesPerPerson;
    if (!o.blend.empty() && o.start.empty()) {
        std::exit(app.exit(CLI::ValidationError("--blend", "is for an encoder that --start brings")));
    }
    if (o.confidenceOnly && (o.stage != Stage::Encoder || o.batch.pictures < 2)) {
        std::exit(
            app.exit(CLI::ValidationError("--confidence-only", "is for the encoder stage, with --pictures above 1")));
    }
    if (o.stage != Stage::Decoder && (!o.codes.empty() || o.batch.targetSide != 0)) {
        std::exit(app.exit(CLI::ValidationError("--codes and --target-side", "are for the decoder stage")));
    }
    if (alone && (!o.blend.empty() || o.frozenLayers != 0)) {
        std::exit(app.exit(CLI::ValidationError("--blend and --frozen-layers", "are for stages with an encoder")));
    }
    if (!o.falseFinds.empty() && (o.stage != Stage::Aligner || o.backgrounds.empty())) {
        std::exit(app.exit(CLI::ValidationError("--false-finds", "is for the aligner stage, with --backgrounds")));
    }
    if (o.crops.largest < o.crops.smallest) {
        std::exit(app.exit(CLI::ValidationError("--box-largest", "is below --box-smallest")));
    }
    app.get_option("--resume")->clear();  // the config says what the run is, not whether this is its beginning
    resolvedConfig = app.config_to_str(true, true);
    return o;
}

}  // namespace drgan::train
