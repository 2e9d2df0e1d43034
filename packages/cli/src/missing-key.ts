// What to tell someone who has given no key.

export const missingKeyMessage =
  "No key was given. Pass --key axk_… or set AUXOT_KEY. `npm start` prints one when it starts for the first time; " +
  "somebody with an admin key can make another: npx auxot keys create --name NAME";
