// The stacks. They share names, and nothing is imported from one into another, so each can be
// deployed, changed and deleted alone.
import { type App, DefaultStackSynthesizer, type IStackSynthesizer, Validations } from "aws-cdk-lib";
import { Code } from "aws-cdk-lib/aws-lambda";
import { AwsSolutionsChecks } from "cdk-nag";
import { HostsStack } from "./hosts-stack.ts";
import { PublisherStack } from "./publisher-stack.ts";
import { ReaderStack } from "./reader-stack.ts";
import { StoreStack, type StoreStackProps } from "./store-stack.ts";

/** Stands for the program in the templates, until `npm run build` puts it there. */
export const PROGRAM_PLACEHOLDER = "// rollcall: npm run build puts the program here (dist/aws/)";

export interface StacksOptions {
  /** `plain` needs no CDK to deploy; `assets` is for `cdk deploy`. */
  readonly form: "plain" | "assets";
  /** Where the program lies, for the form `assets`. */
  readonly programFolder?: string;
  readonly data?: StoreStackProps["data"];
}

export interface Stacks {
  readonly store: StoreStack;
  readonly reader: ReaderStack;
  readonly publisher: PublisherStack;
  readonly hosts: HostsStack;
}

/** Makes the stacks. AWS's own rules are checked whenever they are synthesised. */
export function addStacks(app: App, { form, programFolder = "", data = "keep" }: StacksOptions): Stacks {
  const isPlain = form === "plain";
  // One for each stack, since an asset belongs to one.
  const makeCode = () =>
    isPlain
      ? { code: Code.fromInline(PROGRAM_PLACEHOLDER), inline: PROGRAM_PLACEHOLDER }
      : { code: Code.fromAsset(programFolder) };
  const props = () => {
    // A cast, since CDK's own types do not tell an absent property from an undefined one.
    const makeSynthesizer = () =>
      new DefaultStackSynthesizer({ generateBootstrapVersionRule: false }) as IStackSynthesizer;
    return isPlain ? { synthesizer: makeSynthesizer() } : {};
  };
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app));
  return {
    store: new StoreStack(app, "rollcall-store", { ...props(), data }),
    reader: new ReaderStack(app, "rollcall-reader", { ...props(), code: makeCode() }),
    publisher: new PublisherStack(app, "rollcall-publisher", { ...props(), code: makeCode() }),
    hosts: new HostsStack(app, "rollcall-hosts", props()),
  };
}
