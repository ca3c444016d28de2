// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <torch/torch.h>

#include "nn/models/networks.hpp"

/// The losses as pure functions: tensors in, a scalar out. B is the batch, P persons with n pictures each (B = P n).
namespace drgan::nn {

/// Fused embeddings [P,Nf] = sum(w f) / sum(w) over the n pictures of each person (CVPR 2017, eq. 9).
/// @param embedding [P n, Nf], pictures of a person next to each other
/// @param confidence [P n, 1]
torch::Tensor fuse(const torch::Tensor& embedding, const torch::Tensor& confidence, int64_t n);

/// 1 - cos(embedding, target) [B], both [B,Nf].
torch::Tensor cosineDistance(const torch::Tensor& embedding, const torch::Tensor& target);

/// Mean of 1 - cos(embedding, target), both [B,Nf]: distillation to identity templates.
torch::Tensor cosineLoss(const torch::Tensor& embedding, const torch::Tensor& target);

/// Softmax over the cosines to all templates [M,Nf], the true one's lowered by the margin (CosFace).
/// @param person [B] rows of `templates`
torch::Tensor marginSoftmax(const torch::Tensor& embedding, const torch::Tensor& templates, const torch::Tensor& person,
                            double scale, double margin);

/// Softmax over the people of a batch: a template made of half of a person's pictures should be nearer to the one made
/// of the other half than to anybody else's, whatever the poses in them. What a confidence is for.
/// @param embedding [P n,Nf], confidence [P n,1], pictures of a person next to each other; n at least 2: every second
/// one goes into the one template, the rest into the other
/// @param person [P] the same number for the same person: not told apart
torch::Tensor templatePairLoss(const torch::Tensor& embedding, const torch::Tensor& confidence,
                               const torch::Tensor& person, int64_t n, double scale, double margin);

/// L1 between faces [B,3,S,S] in [-1,1]; `weight` [B] says how much each counts, `focus` [S,S] (or undefined) each
/// pixel.
torch::Tensor reconstructionLoss(const torch::Tensor& face, const torch::Tensor& target, const torch::Tensor& weight,
                                 const torch::Tensor& focus = {});

/// How much each pixel of an aligned face counts: 1 on the face, less towards the background, which no embedding knows.
torch::Tensor faceFocus(int64_t side);

/// Pictures [B,3,S,S] of aligned faces, the background faded to grey: a judge of texture would otherwise teach the
/// decoder to make up collars and foliage.
torch::Tensor faceAlone(const torch::Tensor& pictures);

/// Pictures [B,3,S,S] without colours: the mean of the three channels in each. A judge of these cannot teach the
/// decoder the commonest tint of a sort of picture, such as red lips where it draws a woman. Not the luma, which is
/// mostly green: a decoder would sharpen only its green channel, and edges would have purple fringes.
torch::Tensor inGrey(const torch::Tensor& pictures);

/// Pictures [B,3,S,S] as a judge should see them: colours and light changed at random, each picture differently, and
/// all moved by the same few pixels. A generator cannot please a judge by a tint or a pattern of pixels that does not
/// survive this.
/// @param draw decides the changes: torch::rand({B + 1,6}), on the CPU, so that no device is waited for
torch::Tensor unsettled(const torch::Tensor& pictures, const torch::Tensor& draw);

/// How far apart two pictures look to a network: L1 between its maps of both, each in units of the true one's mean
/// size, mean over the maps (after Johnson et al., "Perceptual Losses for Real-Time Style Transfer and
/// Super-Resolution", ECCV 2016).
/// @param generated, real outputs of nn::withFeatures; what is not named feature_* is ignored
/// @param weight [B] says how much each picture counts
torch::Tensor perceptualLoss(const Edges& generated, const Edges& real, const torch::Tensor& weight);

/// The discriminator's loss (CVPR 2017, eq. 1-2; TPAMI 2018 with separate heads).
/// Real pictures should be told their person and pose, generated ones recognised as generated.
/// @param real, generated outputs of nn::discriminator for both halves
/// @param person, pose [B] of the real pictures
torch::Tensor discriminatorLoss(DiscriminatorForm form, const Edges& real, const Edges& generated,
                                const torch::Tensor& person, const torch::Tensor& pose);

/// Share of generated pictures (Patch: of places in them) that the discriminator recognises as generated: how strong it
/// is.
torch::Tensor toldApart(DiscriminatorForm form, const Edges& generated);

/// The generator's adversarial loss (CVPR 2017, eq. 3): the discriminator should see the person that went in, at the
/// pose that was asked for (and, TPAMI, a real picture; Patch: only a real one at every place).
torch::Tensor generatorLoss(DiscriminatorForm form, const Edges& generated, const torch::Tensor& person,
                            const torch::Tensor& pose);

}  // namespace drgan::nn
