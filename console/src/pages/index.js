import { Overview } from './Overview.js';
import { Live } from './Live.js';
import { Decisions } from './Decisions.js';
import { Decision } from './Decision.js';
import { Review } from './Review.js';
import { Figures } from './Figures.js';
import { Policies } from './Policies.js';
import { Policy } from './Policy.js';
import { Playground } from './Playground.js';
import { Feedback } from './Feedback.js';
import { Learning } from './Learning.js';
import { Ledger } from './Ledger.js';
import { Settings } from './Settings.js';

/**
 * The pages, in the order of the menu: where they are, what a session needs to see them, and the page of one thing.
 * @type {{ name: string, icon: string, needs: string, group: string, page: any, one?: any }[]}
 */
export const PAGES = [
  { name: 'overview', icon: 'overview', needs: 'see', group: 'watch', page: Overview },
  { name: 'live', icon: 'live', needs: 'see', group: 'watch', page: Live },
  { name: 'decisions', icon: 'decisions', needs: 'see', group: 'watch', page: Decisions, one: Decision },
  { name: 'review', icon: 'judge', needs: 'judge', group: 'people', page: Review, one: Review },
  { name: 'feedback', icon: 'feedback', needs: 'see', group: 'people', page: Feedback },
  { name: 'figures', icon: 'figures', needs: 'see', group: 'people', page: Figures },
  { name: 'policies', icon: 'policies', needs: 'see', group: 'rules', page: Policies, one: Policy },
  { name: 'playground', icon: 'playground', needs: 'read', group: 'rules', page: Playground },
  { name: 'learning', icon: 'learning', needs: 'see', group: 'rules', page: Learning },
  { name: 'ledger', icon: 'ledger', needs: 'manage', group: 'gate', page: Ledger },
  { name: 'settings', icon: 'settings', needs: '', group: 'gate', page: Settings },
];
