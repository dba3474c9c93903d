// One sign-in with openid-client, a certified OpenID Connect client, which learns everything from discovery.
//
// The first argument is JSON: issuer, client_id, client_secret (optional), method, alg, redirect_uri, scope, max_age
// (optional). It prints one line with the address for the browser, reads one line with the address that the browser
// came back to, and prints one line with what the client verified. With ``offline`` it goes on: refreshes, asks about
// its tokens (unless it is a public client), and gives them back.
import { createInterface } from "node:readline";
import * as client from "openid-client";

const METHODS = {
  client_secret_basic: client.ClientSecretBasic,
  client_secret_post: client.ClientSecretPost,
  none: client.None,
};

const asked = JSON.parse(process.argv[2]);
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const say = (value) => process.stdout.write(JSON.stringify(value) + "\n");

const config = await client.discovery(
  new URL(asked.issuer),
  asked.client_id,
  { id_token_signed_response_alg: asked.alg },
  METHODS[asked.method](asked.client_secret),
);
// The signature too, though the token endpoint is reached over TLS (OpenID Connect Core 3.1.3.7, point 6).
client.enableNonRepudiationChecks(config);

const pkceCodeVerifier = client.randomPKCECodeVerifier();
const expectedState = client.randomState();
const expectedNonce = client.randomNonce();
const parameters = {
  redirect_uri: asked.redirect_uri,
  scope: asked.scope,
  state: expectedState,
  nonce: expectedNonce,
  code_challenge: await client.calculatePKCECodeChallenge(pkceCodeVerifier),
  code_challenge_method: "S256",
};
if (asked.max_age !== undefined) parameters.max_age = String(asked.max_age);
say({ authorize: client.buildAuthorizationUrl(config, parameters).href });

const { value: answer } = await lines.next();
try {
  const checks = { pkceCodeVerifier, expectedState, expectedNonce, idTokenExpected: true };
  if (asked.max_age !== undefined) checks.maxAge = asked.max_age;
  const tokens = await client.authorizationCodeGrant(config, new URL(answer), checks);
  const claims = tokens.claims();
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub);
  const header = JSON.parse(Buffer.from(tokens.id_token.split(".")[0], "base64url").toString());
  const server = config.serverMetadata();
  const offline = asked.offline ? await goOffline(tokens) : undefined;
  say({ claims, userinfo, header, token_type: tokens.token_type, server, offline });
} catch (error) {
  const why = `${error.message} ${error.cause?.message ?? ""}`;
  say({ refused: error.code ?? error.name, error: error.error, status: error.status, why });
}
process.exit(0);

async function goOffline(first) {
  const active = async (token) =>
    asked.method === "none" ? undefined : (await client.tokenIntrospection(config, token)).active;
  const second = await client.refreshTokenGrant(config, first.refresh_token);
  const third = await client.refreshTokenGrant(config, second.refresh_token, { scope: "openid" });
  const before = [await active(third.access_token), await active(third.refresh_token), await active(first.refresh_token)];
  await client.tokenRevocation(config, third.refresh_token);
  const after = [await active(third.access_token), await active(third.refresh_token)];
  let refused;
  try {
    await client.refreshTokenGrant(config, third.refresh_token);
  } catch (error) {
    refused = error.error;
  }
  const tokens = [first, second, third].map((each) => each.refresh_token);
  return { claims: second.claims(), scopes: [second.scope, third.scope], before, after, refused, tokens };
}
